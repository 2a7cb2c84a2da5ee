//! `cargo xtask docs`: the reference pages, and whether the documents tell the truth about the commands.
//!
//! The pages (help texts, exit codes) are what the program prints itself; unit tests compare them, and write them when
//! they are told to. Every `cargo provenance …` that a document shows must name a command and flags that the binary
//! knows.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

use crate::repository::{self, Failure};

/// What the names of the unit tests that compare pages have in common.
const PAGE_TESTS: [&str; 2] = ["help_pages_are_current", "the_page_is_current"];

/// Writes the reference pages, or compares them with `--check`, and checks the documents.
pub(crate) fn run(arguments: &[String]) -> Result<(), Failure> {
    let snapshots = match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => "overwrite",
        ["--check"] => "verify",
        _ => return Err(Failure::usage("`docs` takes nothing but `--check`")),
    };
    let mut pages = repository::cargo();
    pages
        .args([
            "test",
            "--quiet",
            "--package",
            "cargo-provenance",
            "--package",
            "provenance-judge",
            "--lib",
            "--",
        ])
        .args(PAGE_TESTS);
    repository::succeed(pages.env("SNAPSHOTS", snapshots))?;
    check(&repository::build_tool("dev")?)
}

/// Compares every document with the binary.
pub(crate) fn check(tool: &Path) -> Result<(), Failure> {
    let commands = Commands::ask(tool)?;
    let root = repository::root();
    let mut wrong = vec![];
    for document in documents(&root)? {
        let text = repository::read(&root.join(&document))?;
        wrong.extend(false_claims(&text, &commands).into_iter().map(|claim| format!("{document}:{claim}")));
    }
    if wrong.is_empty() {
        return Ok(());
    }
    Err(Failure::new(format!("documents name what the binary does not have:\n{}", wrong.join("\n"))))
}

/// The binary's commands with their help texts.
#[derive(Debug, Default)]
struct Commands {
    top: String,
    help: BTreeMap<String, String>,
}

impl Commands {
    fn ask(tool: &Path) -> Result<Self, Failure> {
        let top = help(tool, &[])?;
        let mut commands = Self { help: BTreeMap::new(), top };
        for name in listed_commands(&commands.top) {
            let mut text = help(tool, &[&name])?;
            for nested in listed_commands(&text) {
                text.push_str(&help(tool, &[&name, &nested])?);
            }
            commands.help.insert(name, text);
        }
        if commands.help.is_empty() {
            return Err(Failure::new("`cargo-provenance --help` lists no command"));
        }
        Ok(commands)
    }
}

fn help(tool: &Path, command: &[&str]) -> Result<String, Failure> {
    let mut asked = Command::new(tool);
    // The width of the page must not depend on the terminal of the one who writes it.
    asked
        .args(command)
        .arg("--help")
        .env("COLUMNS", "100")
        .env("NO_COLOR", "1")
        .env_remove("CARGO_TERM_COLOR");
    repository::output(&mut asked)
}

fn listed_commands(top: &str) -> Vec<String> {
    top.lines()
        .skip_while(|line| !line.starts_with("Commands:"))
        .skip(1)
        .take_while(|line| line.is_empty() || line.starts_with(' '))
        .filter(|line| line.starts_with("  ") && !line.starts_with("   "))
        .filter_map(|line| line.split_whitespace().next())
        .filter(|name| *name != "help")
        .map(|name| name.trim_end_matches(',').to_owned())
        .collect()
}

fn documents(root: &Path) -> Result<Vec<String>, Failure> {
    let mut documents = vec!["README.md", "SECURITY.md", "provenance-build/README.md"]
        .into_iter()
        .map(str::to_owned)
        .collect::<Vec<_>>();
    for folder in ["cargo-provenance/docs", "cargo-provenance/docs/guide"] {
        let path = root.join(folder);
        let entries = std::fs::read_dir(&path).map_err(|error| Failure::file("list", &path, &error))?;
        for entry in entries {
            let entry = entry.map_err(|error| Failure::file("list", &path, &error))?;
            let name = entry.file_name().to_string_lossy().into_owned();
            if name.ends_with(".md") {
                documents.push(format!("{folder}/{name}"));
            }
        }
    }
    documents.sort();
    Ok(documents)
}

// Each command or flag that a document shows and the binary does not have, as `line: what`.
fn false_claims(text: &str, commands: &Commands) -> Vec<String> {
    let mut wrong = vec![];
    for (number, line) in (1..).zip(text.lines()) {
        for shown in shown_commands(line) {
            let mut words = shown.split_whitespace();
            let Some(name) = words.next() else { continue };
            // `cargo provenance --help`, and prose such as "`cargo provenance` is".
            let help = if name.starts_with('-') {
                words = shown.split_whitespace();
                &commands.top
            } else if let Some(help) = commands.help.get(name) {
                help
            } else {
                wrong.push(format!("{number}: `cargo provenance {name}`"));
                continue;
            };
            let known = flags(help);
            for word in
                words.take_while(|word| *word != "--" && *word != "#").filter(|word| word.starts_with("--"))
            {
                let flag = word.split(['=', '[', ']', ')', ',']).next().unwrap_or(word);
                if !known.contains(flag) && flag != "--help" && !is_cargos_own(name, flag) {
                    wrong.push(format!("{number}: `cargo provenance {name} {flag}`"));
                }
            }
        }
    }
    wrong
}

// What follows each `cargo provenance ` or `cargo-provenance ` in code, up to the end of the code.
fn shown_commands(line: &str) -> Vec<&str> {
    let trimmed = line.trim_start();
    let typed = trimmed.strip_prefix("$ ").unwrap_or(trimmed);
    let beginnings = ["cargo provenance ", "cargo-provenance "];
    if let Some(rest) = beginnings.iter().find_map(|beginning| typed.strip_prefix(beginning)) {
        // A whole line is a command only in a code block: a sentence goes on in words that are no command's.
        if trimmed.starts_with("$ ") || !line.contains('`') {
            return vec![rest];
        }
    }
    line.split('`')
        .skip(1)
        .step_by(2)
        .filter_map(|code| beginnings.iter().find_map(|beginning| code.trim_start().strip_prefix(beginning)))
        .collect()
}

fn flags(help: &str) -> BTreeSet<&str> {
    help.split(|c: char| {
        c.is_whitespace() || matches!(c, ',' | '=' | '[' | ']' | '<' | '>' | '`' | '.' | ')')
    })
    .filter(|word| word.starts_with("--"))
    .collect()
}

// `add` hands cargo's own flags on, and so do the commands that build.
fn is_cargos_own(command: &str, flag: &str) -> bool {
    match command {
        "add" => ["--build", "--dev", "--features", "--no-default-features", "--optional"].contains(&flag),
        "bench" | "build" | "clippy" | "run" | "test" => ["--package", "--release"].contains(&flag),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn commands() -> Commands {
        let top = "About\n\nUsage: cargo provenance <COMMAND>\n\nCommands:\n  init    Writes it\n  verify  Compares\n            \
                   twice\n  help    Print this\n\nOptions:\n  -h, --help  Print help\n";
        let help =
            [("init", "Options:\n      --build-helper[=<KIND>]  x\n"), ("verify", "      --full  y\n")];
        Commands {
            top: top.to_owned(),
            help: help.into_iter().map(|(name, text)| (name.to_owned(), text.to_owned())).collect(),
        }
    }

    #[test]
    fn commands_are_read_from_the_help_text() {
        assert_eq!(listed_commands(&commands().top), ["init", "verify"]);
    }

    #[test]
    fn claims_that_do_not_hold_are_found() {
        let text = "Run `cargo provenance sign` or\n$ cargo provenance init --quickly\nand `cargo-provenance verify --full --x=1`";
        assert_eq!(
            false_claims(text, &commands()),
            [
                "1: `cargo provenance sign`",
                "2: `cargo provenance init --quickly`",
                "3: `cargo provenance verify --x`"
            ]
        );
    }

    #[test]
    fn claims_that_hold_pass() {
        let text = "`cargo provenance` gates\n`cargo provenance --help`\n$ cargo provenance init --build-helper=guard\n\
                    cargo provenance verify --full\n";
        assert_eq!(false_claims(text, &commands()), [] as [&str; 0]);
    }
}
