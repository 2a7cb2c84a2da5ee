//! Packages whose code does something, and packages whose code only looks like it.

use proptest::prelude::*;

use super::*;

pub(super) fn surveyed(files: &[(&str, &str)], proc_macro: bool) -> Code {
    let file = |(path, text): &(&'static str, &'static str)| File {
        path,
        executable: false,
        content: text.as_bytes(),
    };
    // The texts of a test live as long as the test.
    let leaked = files.iter().map(|(path, text)| {
        let leak = |text: &str| -> &'static str { Box::leak(text.to_owned().into_boxed_str()) };
        (leak(path), leak(text))
    });
    let leaked = leaked.collect::<Vec<_>>();
    let has = |name: &str| files.iter().any(|(path, _)| *path == name);
    let sources = Sources {
        files: leaked.iter().map(file).collect(),
        build_scripts: has("build.rs").then(|| "build.rs".to_owned()).into_iter().collect(),
        library: has("src/lib.rs").then(|| "src/lib.rs".to_owned()),
        proc_macro,
        ..Sources::default()
    };
    Code::of(&sources)
}

pub(super) const NET: &str = "fn f() { std::net::TcpStream::connect(a); }";

pub(super) fn where_net(part: &Part) -> Vec<&str> {
    part.all(What::Net).map(|seen| seen.file.as_str()).collect()
}

#[test]
fn a_build_script_is_followed_to_whatever_it_is_made_of() {
    for (script, file) in [
        ("mod a;", "a.rs"),
        ("mod a;", "a/mod.rs"),
        ("mod a;", "A.rs"),
        ("mod a { mod b; }", "a/b.rs"),
        ("mod a { mod b { mod c; } }", "a/b/c/mod.rs"),
        ("#[path = \"x/y.txt\"] mod a;", "x/y.txt"),
        ("#[cfg_attr(unix, path = \"x.rs\")] pub(crate) mod a;", "x.rs"),
        ("#[path = \"src/../src/x.rs\"] mod a;", "src/x.rs"),
        ("#[path = \"d\"] mod a { mod b; } #[path = \"d/b.rs\"] mod c;", "d/b.rs"),
        ("include!(\"gen/x.in\");", "gen/x.in"),
        ("std::include!(concat!(env!(\"CARGO_MANIFEST_DIR\"), \"/gen/\", \"x.in\"));", "gen/x.in"),
        ("cfg_if! { if #[cfg(unix)] { mod a; } }", "a.rs"),
        ("macro_rules! m { () => { mod a; } } m!();", "a.rs"),
        ("#[cfg(test)] mod a;", "a.rs"),
    ] {
        let code = surveyed(&[("build.rs", script), (file, NET)], false);
        assert_eq!(where_net(&code.build_time), [file], "{script}");
        assert_eq!(code.build_files.len(), 2, "{script}");
        assert!(!code.run_time.has(What::Net), "{script}");
    }
    // A module of a module, and one that includes itself.
    let code =
        surveyed(&[("build.rs", "mod a;"), ("a.rs", "mod b; include!(\"a.rs\");"), ("a/b.rs", NET)], false);
    assert_eq!(where_net(&code.build_time), ["a/b.rs"]);
    for script in
        ["mod a;", "include!(\"../a.rs\");", "include!(concat!(env!(\"OUT_DIR\"), \"/a.rs\"));", "// mod b;"]
    {
        assert_eq!(surveyed(&[("build.rs", script), ("b.rs", NET)], false).build_files.len(), 1, "{script}");
    }
}

#[test]
fn every_source_of_a_macro_runs_at_build_time() {
    let files = [("src/lib.rs", ""), ("src/x/y.rs", NET), ("tests/a.rs", NET)];
    let code = surveyed(&files, true);
    assert_eq!(where_net(&code.build_time), ["src/x/y.rs"]);
    assert_eq!(where_net(&surveyed(&files, false).run_time), ["src/x/y.rs"]);
}

#[test]
fn what_only_tests_have_does_not_run_later() {
    for (lib, file) in [
        ("#[cfg(test)] mod tests;", "src/tests.rs"),
        ("#[cfg(test)] mod tests;", "src/tests/mod.rs"),
        ("mod x;", "tests/x.rs"),
        ("mod x;", "examples/x.rs"),
    ] {
        let code = surveyed(&[("src/lib.rs", lib), (file, NET)], false);
        assert!(!code.run_time.has(What::Net), "{lib} {file}");
    }
    let deeper = [
        ("src/lib.rs", "mod a;"),
        ("src/a.rs", "#[cfg(test)] mod t;"),
        ("src/a/t.rs", "mod u;"),
        ("src/a/t/u.rs", NET),
    ];
    assert!(!surveyed(&deeper, false).run_time.has(What::Net));
    for (lib, file) in [
        ("mod a;", "src/a.rs"),
        ("#[cfg(not(test))] mod a;", "src/a.rs"),
        ("#[cfg(test)] mod a; #[cfg(not(test))] mod a;", "src/a.rs"),
        ("make!(a);", "src/a.rs"),
        ("#[cfg(test)] mod t { fn f() { std::net::TcpStream::connect(a); } } mod a;", "src/a.rs"),
        ("#[path = \"../x.rs\"] mod a;", "x.rs"),
        ("include!(\"../x.in\");", "x.in"),
    ] {
        let code = surveyed(&[("src/lib.rs", lib), (file, NET)], false);
        assert_eq!(where_net(&code.run_time), [file], "{lib}");
    }
}

#[test]
fn a_test_in_the_same_line_hides_nothing() {
    let line = format!("#[cfg(test)] mod t {{ {NET} }} {NET}");
    assert!(surveyed(&[("src/lib.rs", &line)], false).run_time.has(What::Net));
}

#[test]
fn sightings_are_bounded_and_what_is_left_out_is_counted() {
    let many = NET.repeat(1_000).replace('}', "}\n");
    let code = surveyed(&[("build.rs", &many)], false);
    assert!(code.build_time.all(What::Net).count() <= 8);
    let files = (0..100).map(|at| (format!("src/f{at}.rs"), NET)).collect::<Vec<_>>();
    let files = files.iter().map(|(path, text)| (path.as_str(), *text)).collect::<Vec<_>>();
    let code = surveyed(&files, true);
    assert_eq!((code.build_time.all(What::Net).count(), code.build_time.more(What::Net)), (64, 36));
    let long = format!("const A: &str = \"~/.ssh/{}\";", "x\u{202e}".repeat(1_000));
    let code = surveyed(&[("build.rs", &long)], false);
    let excerpt = &code.build_time.all(What::CredentialPath).next().expect("one").excerpt;
    assert!(excerpt.chars().count() <= 81 && !excerpt.contains('\u{202e}'), "{excerpt}");
}

#[test]
fn changes_are_told_with_their_lines() {
    let old = surveyed(&[("build.rs", "mod a;\nfn main() {}"), ("a.rs", "")], false);
    let new = surveyed(&[("build.rs", "mod b;\nfn main() {}"), ("b.rs", "x\n")], false);
    let changes = new.changes_since(&old);
    let told = changes.iter().map(|change| (change.path.as_str(), change.lines)).collect::<Vec<_>>();
    assert_eq!(told, [("a.rs", Some((0, 0))), ("b.rs", Some((1, 0))), ("build.rs", Some((1, 1)))]);
    assert_eq!(changes[2].shown, ["- mod a;", "+ mod b;"]);
    assert!(new.changes_since(&new).is_empty());
    // Too long to be kept: only that it is another one is known.
    let long = |text: &str| surveyed(&[("build.rs", &text.repeat(5_000))], false);
    assert_eq!(long("a\n").changes_since(&long("b\n"))[0].lines, None);
}

proptest! {
    #[test]
    fn any_bytes_are_surveyed(
        script in proptest::collection::vec(any::<u8>(), 0..200),
        library in proptest::collection::vec(any::<u8>(), 0..200),
    ) {
        let file = |path, content| File { path, executable: false, content };
        let sources = Sources {
            files: vec![file("build.rs", &script[..]), file("src/lib.rs", &library[..])],
            build_scripts: vec!["build.rs".to_owned()],
            library: Some("src/lib.rs".to_owned()),
            ..Sources::default()
        };
        Code::of(&sources);
    }

    #[test]
    fn any_tokens_are_surveyed(words in proptest::collection::vec(0_usize..WORDS.len(), 0..120)) {
        let text = words.iter().map(|word| WORDS[*word]).collect::<Vec<_>>().join(" ");
        let file = |path, content| File { path, executable: false, content };
        for proc_macro in [false, true] {
            let sources = Sources {
                files: vec![file("build.rs", text.as_bytes()), file("src/lib.rs", text.as_bytes())],
                build_scripts: vec!["build.rs".to_owned()],
                library: Some("src/lib.rs".to_owned()),
                proc_macro,
                ..Sources::default()
            };
            let code = Code::of(&sources);
            prop_assert!(code.build_time.sightings.len() + code.run_time.sightings.len() < 1_000);
            prop_assert_eq!(&Code::of(&sources), &code);
        }
    }
}

const WORDS: &[&str] = &[
    "use",
    "mod",
    "a",
    "b",
    "include",
    "!",
    "(",
    ")",
    "{",
    "}",
    "[",
    "]",
    ";",
    ":",
    "::",
    ",",
    "*",
    "as",
    "self",
    "super",
    "std",
    "net",
    "TcpStream",
    "process",
    "Command",
    "new",
    "connect",
    "#",
    "path",
    "=",
    "\"build.rs\"",
    "\"src/lib.rs\"",
    "cfg",
    "test",
    "concat",
    "\"aHR0cHM6\"",
    "\"Ly9ldmls\"",
    "\"LmludmFsaWQ\"",
    "1",
    "104",
    "'h'",
    "^",
    "char",
    "const",
    "let",
    "fn",
    "type",
    ".",
    "\"192.0.2.1\"",
    "cr#\"",
    "\"#",
    "r#\"",
    "//",
    "/*",
    "*/",
    "\n",
    "'",
    "\"",
    "env",
    "vars",
    "fs",
    "write",
    "\"/tmp\"",
    "<",
    ">",
];
