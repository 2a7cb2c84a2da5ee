//! What follows from environment and flags.

use super::*;

fn environment(variables: &[(&str, &str)], terminal: bool) -> Environment {
    Environment {
        arguments: vec![],
        variables: variables.iter().map(|(name, value)| (name.into(), value.into())).collect(),
        program: None,
        directory: Some("/project".into()),
        home: Some("/home/me".into()),
        now: 1_795_392_000,
        started: Instant::now(),
        terminals: Terminals { input: terminal, out: false, err: terminal },
    }
}

fn surroundings(variables: &[(&str, &str)], global: &Global) -> Result<Surroundings, Failure> {
    environment(variables, false).surroundings(global)
}

#[test]
fn colors_follow_flag_then_cargo_then_the_common_variables_then_the_terminal() {
    use ColorWhen::{Always, Auto, Never};
    const TERM: (&str, &str) = ("TERM", "xterm");
    for (flag, variables, terminal, expected) in [
        (None, &[TERM][..], true, Color::On),
        (None, &[TERM], false, Color::Off),
        (None, &[("TERM", "dumb")], true, Color::Off),
        (None, &[TERM, ("NO_COLOR", "1")], true, Color::Off),
        (None, &[TERM, ("NO_COLOR", "")], true, Color::On),
        (None, &[("CLICOLOR_FORCE", "1")], false, Color::On),
        (None, &[("CLICOLOR_FORCE", "0")], false, Color::Off),
        (None, &[TERM, ("CLICOLOR", "0")], true, Color::Off),
        (None, &[("NO_COLOR", "1"), ("CLICOLOR_FORCE", "1")], true, Color::Off),
        (None, &[("NO_COLOR", "1"), ("CARGO_TERM_COLOR", "always")], false, Color::On),
        (None, &[TERM, ("CARGO_TERM_COLOR", "never")], true, Color::Off),
        (None, &[TERM, ("CARGO_TERM_COLOR", "auto"), ("NO_COLOR", "1")], true, Color::Off),
        (None, &[TERM, ("CARGO_TERM_COLOR", "purple")], true, Color::On),
        (Some(Always), &[("CARGO_TERM_COLOR", "never"), ("NO_COLOR", "1")], false, Color::On),
        (Some(Never), &[TERM, ("CARGO_TERM_COLOR", "always")], true, Color::Off),
        (Some(Auto), &[TERM, ("CARGO_TERM_COLOR", "always")], false, Color::Off),
    ] {
        let found = environment(variables, terminal).colors(flag).err;
        assert_eq!(found, expected, "{flag:?} {variables:?} {terminal}");
    }
}

#[test]
fn questions_are_for_a_person_at_a_terminal() {
    let human = Global::default();
    assert!(environment(&[], true).answers(&human));
    assert!(!environment(&[], false).answers(&human));
    assert!(!environment(&[("CI", "true")], true).answers(&human));
    assert!(!environment(&[("CARGO_TERM_QUIET", "true")], true).answers(&human));
    let mut typing = environment(&[], true);
    typing.terminals.err = false;
    assert!(!typing.answers(&human), "nobody would see the question");
    typing.terminals = Terminals { input: false, out: true, err: true };
    assert!(!typing.answers(&human), "whatever is piped in is nobody's answer");
    for global in [
        Global { quiet: true, ..Global::default() },
        Global { locked: true, ..Global::default() },
        Global { frozen: true, ..Global::default() },
        Global { message_format: Some(MessageFormat::Json), ..Global::default() },
        Global { message_format: Some(MessageFormat::Short), ..Global::default() },
    ] {
        assert!(!environment(&[], true).answers(&global), "{global:?}");
    }
}

#[test]
fn progress_needs_a_terminal_that_can_and_somebody_who_looks() {
    const TERM: (&str, &str) = ("TERM", "xterm");
    for (variables, terminal, quiet, expected) in [
        (&[TERM][..], true, false, Some(80)),
        (&[TERM], false, false, None),
        (&[TERM], true, true, None),
        (&[("TERM", "dumb")], true, false, None),
        (&[TERM, ("CI", "true")], true, false, None),
        (&[TERM, ("CI", "true"), ("CARGO_TERM_PROGRESS_WHEN", "always")], true, false, Some(80)),
        (&[TERM, ("CARGO_TERM_PROGRESS_WHEN", "never")], true, false, None),
        (&[TERM, ("CARGO_TERM_PROGRESS_WIDTH", "40")], true, false, Some(40)),
        (&[TERM, ("CARGO_TERM_QUIET", "true")], true, false, None),
    ] {
        let global = Global { quiet, ..Global::default() };
        let found = environment(variables, terminal).presentation(&global).progress;
        assert_eq!(found, expected, "{variables:?} {terminal} {quiet}");
    }
}

#[test]
fn verbosity_follows_the_flags_first() {
    let verbosity = |variables: &[(&str, &str)], verbose, quiet| {
        let global = Global { verbose, quiet, ..Global::default() };
        environment(variables, false).presentation(&global).verbosity
    };
    assert_eq!(verbosity(&[], 0, false), Verbosity::Normal);
    assert_eq!(verbosity(&[("CARGO_TERM_VERBOSE", "true")], 0, false), Verbosity::Verbose);
    assert_eq!(verbosity(&[("CARGO_TERM_QUIET", "true")], 0, false), Verbosity::Quiet);
    assert_eq!(verbosity(&[("CARGO_TERM_QUIET", "true")], 1, false), Verbosity::Verbose);
    assert_eq!(verbosity(&[("CARGO_TERM_VERBOSE", "true")], 0, true), Verbosity::Quiet);
    assert_eq!(verbosity(&[], 2, false), Verbosity::Traced);
}

#[test]
fn the_network_is_used_only_where_nothing_forbids_it() {
    let network = |variables: &[(&str, &str)], global: Global| {
        surroundings(variables, &global).map(|surroundings| surroundings.network)
    };
    let offline = Global { offline: true, ..Global::default() };
    let frozen = Global { frozen: true, ..Global::default() };
    assert_eq!(network(&[], Global::default()), Ok(Network::Allowed));
    assert_eq!(network(&[("CARGO_NET_OFFLINE", "false")], Global::default()), Ok(Network::Allowed));
    assert_eq!(network(&[("CARGO_NET_OFFLINE", "true")], Global::default()), Ok(Network::Forbidden));
    assert_eq!(network(&[("CARGO_NET_OFFLINE", "false")], offline), Ok(Network::Forbidden));
    assert_eq!(network(&[], frozen), Ok(Network::Forbidden));
    let unclear = network(&[("CARGO_NET_OFFLINE", "yes please")], Global::default());
    assert_eq!(unclear.expect_err("refused").kind, Kind::Usage);
}

#[test]
fn paths_are_absolute() {
    let found = surroundings(
        &[("CARGO_HOME", "home"), ("CARGO_RESOLVER_LOCKFILE_PATH", "x/Cargo.lock")],
        &Global::default(),
    );
    let found = found.expect("valid");
    assert_eq!(found.cargo_home, Path::new("/project/home"));
    assert_eq!(found.lockfile.as_deref(), Some(Path::new("/project/x/Cargo.lock")));
    assert_eq!(found.cargo, "cargo");

    let found = surroundings(&[("CARGO_HOME", ""), ("CARGO", "/bin/cargo")], &Global::default());
    let found = found.expect("valid");
    assert_eq!(found.cargo_home, Path::new("/home/me/.cargo"));
    assert_eq!(found.cargo, "/bin/cargo");
}

#[test]
fn a_missing_home_or_directory_leaves_the_verdict_open() {
    let mut homeless = environment(&[], false);
    homeless.home = None;
    assert_eq!(homeless.surroundings(&Global::default()).expect_err("refused").kind, Kind::Undecided);
    let mut nowhere = environment(&[], false);
    nowhere.directory = None;
    assert_eq!(nowhere.surroundings(&Global::default()).expect_err("refused").kind, Kind::Undecided);
}

#[test]
fn a_manifest_path_names_an_existing_manifest() {
    for bad in ["Provenance.toml", "nowhere/Cargo.toml", ""] {
        let global = Global { manifest_path: Some(bad.into()), ..Global::default() };
        assert_eq!(surroundings(&[], &global).expect_err(bad).kind, Kind::Usage);
    }
    let manifest = concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml");
    let global = Global { manifest_path: Some(manifest.into()), ..Global::default() };
    let found = surroundings(&[], &global).expect("valid");
    assert_eq!(found.manifest_path.as_deref(), Some(Path::new(manifest)));
}

#[test]
fn what_makes_cargo_run_something_else_is_listed() {
    let found = surroundings(
        &[
            ("RUSTC_WRAPPER", "sccache"),
            ("RUSTC", ""),
            ("CARGO_TARGET_X86_64_UNKNOWN_LINUX_GNU_LINKER", "mold"),
            ("CARGO_TARGET_DIR", "/tmp"),
            ("CARGO_SOURCE_CRATES_IO_REPLACE_WITH", "mirror"),
            ("CARGO_REGISTRIES_CORP_TOKEN", "secret"),
            ("RUSTUP_TOOLCHAIN", "stable"),
            ("PATH", "/bin"),
        ],
        &Global::default(),
    );
    let names = found.expect("valid").overrides.into_iter().map(|(name, _)| name).collect::<Vec<_>>();
    let expected = [
        "CARGO_SOURCE_CRATES_IO_REPLACE_WITH",
        "CARGO_TARGET_X86_64_UNKNOWN_LINUX_GNU_LINKER",
        "RUSTC_WRAPPER",
    ];
    assert_eq!(names, expected);
}

#[test]
fn a_pager_needs_a_terminal_and_is_what_the_user_names() {
    const TERM: (&str, &str) = ("TERM", "xterm");
    let less = Pager::parse("less").map(|it| it.with("LESS", "FRXK").with("LV", "-c"));
    let named = |command: &str| Pager::parse(command).map(|it| it.with("LESS", "FRXK").with("LV", "-c"));
    for (variables, terminal, format, expected) in [
        (&[TERM][..], true, Format::Human, less.clone()),
        (&[TERM], true, Format::Short, less),
        (&[TERM], true, Format::Json, None),
        (&[TERM], false, Format::Human, None),
        (&[("TERM", "dumb")], true, Format::Human, None),
        (&[TERM, ("CI", "true")], true, Format::Human, None),
        (&[TERM, ("PAGER", "")], true, Format::Human, None),
        (&[TERM, ("PAGER", "cat")], true, Format::Human, None),
        (&[TERM, ("PAGER", "most -s")], true, Format::Human, named("most -s")),
        (&[TERM, ("PAGER", "most"), ("CARGO_PROVENANCE_PAGER", "")], true, Format::Human, None),
        (&[TERM, ("PAGER", "most"), ("CARGO_PROVENANCE_PAGER", "more")], true, Format::Human, named("more")),
        (&[TERM, ("LESS", "S")], true, Format::Human, Pager::parse("less").map(|it| it.with("LV", "-c"))),
    ] {
        let mut environment = environment(variables, true);
        environment.terminals.out = terminal;
        assert_eq!(environment.pager(format), expected, "{variables:?} {terminal} {format:?}");
    }
}
