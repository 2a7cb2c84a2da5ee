//! The command line as a whole: its definition, its help pages (`docs/cli`), and where flags may stand.

use clap::CommandFactory;
use snapbox::{Data, assert_data_eq};

use super::*;

/// The columns of the help pages, whatever terminal the tests run on.
const COLUMNS: usize = 100;

fn parse(line: &str) -> Result<Cli, clap::Error> {
    Cli::try_parse_from(argv::normalize(line.split(' ').map(Into::into).collect()))
}

#[test]
fn the_definition_is_sound() {
    Cli::command().debug_assert();
}

#[test]
fn help_pages_are_current() {
    let mut command = Cli::command().term_width(COLUMNS);
    command.build();
    let pages = std::iter::once(("cargo-provenance".to_owned(), command.render_long_help())).chain(
        command
            .get_subcommands()
            .filter(|subcommand| subcommand.get_name() != "help")
            .flat_map(|subcommand| {
                let page = |name: String, subcommand: &clap::Command| {
                    (name, subcommand.clone().term_width(COLUMNS).render_long_help())
                };
                let name = subcommand.get_name();
                let nested = subcommand.get_subcommands().filter(|nested| nested.get_name() != "help");
                let nested = nested.map(|nested| page(format!("{name}-{}", nested.get_name()), nested));
                std::iter::once(page(name.to_owned(), subcommand)).chain(nested).collect::<Vec<_>>()
            })
            .collect::<Vec<_>>(),
    );
    for (name, page) in pages {
        // Clap leaves blanks at the end of empty help lines.
        let page = page.to_string().lines().map(|line| format!("{}\n", line.trim_end())).collect::<String>();
        let path = format!("{}/docs/cli/{name}.txt", env!("CARGO_MANIFEST_DIR"));
        assert_data_eq!(page, Data::read_from(path.as_ref(), None).raw());
    }
}

#[test]
fn the_program_calls_itself_as_cargo_does() {
    for line in ["cargo-provenance provenance verify --nonsense", "cargo-provenance verify --nonsense"] {
        let error = parse(line).expect_err("refused").to_string();
        assert!(error.contains("Usage: cargo provenance verify"), "{error}");
    }
    let version = parse("cargo-provenance provenance -V").expect_err("a version").to_string();
    assert_eq!(version, concat!("cargo-provenance ", env!("CARGO_PKG_VERSION"), "\n"));
}

#[test]
fn global_flags_stand_before_and_after_the_command() {
    let flags = "--message-format short --manifest-path x/Cargo.toml --color never --offline --locked -vv";
    for line in [format!("c {flags} verify --full"), format!("c verify {flags} --full")] {
        let cli = parse(&line).expect("valid");
        assert_eq!(cli.global.message_format, Some(global::MessageFormat::Short));
        assert_eq!(cli.global.manifest_path.as_deref(), Some("x/Cargo.toml".as_ref()));
        assert_eq!(cli.global.color, Some(global::ColorWhen::Never));
        assert!(cli.global.offline && cli.global.is_locked() && cli.global.verbose == 2);
        assert_eq!(cli.command.name(), "verify");
    }
}

#[test]
fn the_build_helper_goes_to_binaries_unless_told_otherwise() {
    for (line, valid) in [
        ("c init", true),
        ("c init --build-helper", true),
        ("c init --build-helper=guard --helper-path ../x", true),
        ("c init --build-helper guard", false),
        ("c init --build-helper=elsewhere", false),
        ("c init --helper-path ../x", false),
        ("c verify -q -v", false),
        ("c", false),
    ] {
        assert_eq!(parse(line).is_ok(), valid, "{line}");
    }
}
