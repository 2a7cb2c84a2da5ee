//! `cargo xtask tidy`: the invariants of `ARCHITECTURE.md`, checked by reading the sources.
//!
//! Every rule is a pure function from sources to offences and has a test with an offending snippet.

mod edges;
mod habits;
mod layers;
mod packages;
mod source;
mod texts;

use std::process::Command;

use crate::repository::{self, Failure};
use source::Source;

/// The folder of what judges, where nothing touches the world outside.
const JUDGE: &str = "cargo-provenance/judge/src/";
/// The folders of the subcommand's sources.
const TOOL: &[&str] = &["cargo-provenance/src/", JUDGE];
/// The folder of the kernel's sources.
const KERNEL: &[&str] = &["provenance-build/src/"];

/// One broken rule.
#[derive(Debug, PartialEq, Eq)]
struct Offence {
    /// The file, relative to the repository.
    file: String,
    /// The line, counted from 1; 0 where the whole file is meant.
    line: u32,
    /// What is wrong and what to do instead.
    message: String,
}

impl Offence {
    fn new(file: &str, line: u32, message: impl Into<String>) -> Self {
        Self { file: file.to_owned(), line, message: message.into() }
    }
}

/// Checks every rule and shows all offences.
pub(crate) fn run() -> Result<(), Failure> {
    let files = committed_files()?;
    let sources = files
        .iter()
        .filter(|(file, _)| {
            is_shipped_source(file) || file.starts_with("tests/") || file.starts_with("xtask/")
        })
        .filter(|(file, _)| file.ends_with(".rs"))
        .map(|(file, text)| Source::parse(file, text))
        .collect::<Vec<_>>();
    let shipped = sources.iter().filter(|source| is_shipped_source(&source.file)).collect::<Vec<_>>();

    let mut offences = vec![];
    offences.extend(layers::check(&shipped));
    offences.extend(edges::check(&shipped));
    offences.extend(sources.iter().flat_map(habits::check));
    offences.extend(habits::kernel_budget(&shipped));
    offences.extend(files.iter().flat_map(|(file, text)| texts::check(file, text)));
    offences.extend(packages::check(&repository::metadata()?));
    offences.sort_by(|a, b| (&a.file, a.line).cmp(&(&b.file, b.line)));

    for long in shipped.iter().filter(|source| source.lines > habits::LONG_FILE) {
        println!(
            "warning: {}: {} lines without tests; most files stay under {}",
            long.file,
            long.lines,
            habits::LONG_FILE
        );
    }
    for offence in &offences {
        println!("{}:{}: {}", offence.file, offence.line, offence.message);
    }
    if offences.is_empty() {
        println!("tidy: {} sources and {} files in order", sources.len(), files.len());
        return Ok(());
    }
    Err(Failure::new(format!("{} invariants are broken", offences.len())))
}

fn is_shipped_source(file: &str) -> bool {
    (inside(file, TOOL).is_some() || inside(file, KERNEL).is_some()) && file.ends_with(".rs")
}

// The path of a file below one of these folders.
fn inside<'f>(file: &'f str, folders: &[&str]) -> Option<&'f str> {
    folders.iter().find_map(|folder| file.strip_prefix(folder))
}

// Every text file that is committed or would be, with its content.
fn committed_files() -> Result<Vec<(String, String)>, Failure> {
    let root = repository::root();
    // A checkout that belongs to another user is still only read here.
    let list = repository::output(Command::new("git").current_dir(&root).args([
        "-c",
        "safe.directory=*",
        "ls-files",
        "-z",
        "--cached",
        "--others",
        "--exclude-standard",
    ]))?;
    let mut files = vec![];
    for file in list.split('\0').filter(|file| !file.is_empty()) {
        match std::fs::read(root.join(file)) {
            Ok(bytes) => files.extend(String::from_utf8(bytes).ok().map(|text| (file.to_owned(), text))),
            // Deleted but not committed yet.
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => return Err(Failure::file("read", &root.join(file), &error)),
        }
    }
    Ok(files)
}
