//! What is seen in files, by attack.

use proptest::prelude::*;

use super::*;

fn sources<'a>(files: &[(&'a str, &'a [u8])]) -> Sources<'a> {
    let files = files.iter().map(|(path, content)| File { path, executable: true, content });
    Sources {
        files: files.collect(),
        build_scripts: vec!["build.rs".to_owned()],
        library: Some("src/lib.rs".to_owned()),
        proc_macro: false,
        ..Sources::default()
    }
}

fn of(sources: &Sources<'_>) -> Content {
    Content::of(sources, &BTreeSet::new())
}

fn kinds(files: &[(&str, &[u8])]) -> Vec<(String, Kind)> {
    let content = of(&sources(files));
    content.sights.into_iter().map(|sight| (sight.path, sight.kind)).collect()
}

#[test]
fn sources_that_include_each_other_are_read_once() {
    let a: &[u8] = b"include!(\"b.in\"); include_str!(\"/x\");";
    let b: &[u8] = b"include!(\"a.in\"); include!(\"b.in\"); include!(\"lib.rs\"); include_str!(\"/x\");";
    let found = kinds(&[("src/lib.rs", b"include!(\"a.in\");"), ("src/a.in", a), ("src/b.in", b)]);
    let outside = ["src/a.in", "src/b.in"].map(|path| (path.to_owned(), Kind::IncludesOutside));
    assert_eq!(found, outside);
}

#[test]
fn a_macro_makes_no_rust_of_what_is_called_another_language() {
    let lib: &[u8] =
        b"macro_rules! m { ($p:literal) => { include!($p); } } m!(\"x\"); fn f() { \"table.h\"; }";
    let text = format!("static A: [u8; 600] = [{}];", "1, ".repeat(600));
    let found = |name: &str| {
        let lib = String::from_utf8_lossy(lib).replace("table.h", name);
        let path = format!("src/{name}");
        kinds(&[("src/lib.rs", lib.as_bytes()), (&path, text.as_bytes())])
    };
    assert!(found("table.txt").contains(&("src/table.txt".to_owned(), Kind::Blob)));
    assert_eq!(found("table.h"), []);
    // What is named as a source is one.
    let named = kinds(&[("src/lib.rs", b"include!(\"table.h\");"), ("src/table.h", text.as_bytes())]);
    assert_eq!(named, [("src/table.h".to_owned(), Kind::Blob)]);
}

#[test]
fn the_same_thing_in_many_places_is_one_sight() {
    let source = "include_str!(\"/x\");\n".repeat(10);
    let content = of(&sources(&[("src/lib.rs", source.as_bytes())]));
    let [sight] = &content.sights[..] else { panic!("{content:?}") };
    assert_eq!((sight.line, sight.more, &*sight.what), (1, 9, "`include_str!` of `/x`"));
    assert_eq!(content.size, source.len() as u64);
}

#[test]
fn the_text_of_a_commit_may_be_shown_and_nothing_else_of_it_read() {
    let source: &[u8] =
        b"include_str!(\"../../a\"); include_bytes!(\"../../b\"); include_str!(\"../../../c\");";
    let files = [("src/lib.rs", source)];
    let mut sources = sources(&files);
    sources.above = 1;
    let content = of(&sources);
    assert_eq!(content.sights.len(), 1);
    assert_eq!((content.sights[0].more, &*content.sights[0].what), (1, "`include_bytes!` of `../../b`"));
}

const PROGRAM: &[u8] = b"\x7fELF";

/// What is seen in a package whose library is `text`, with a program, a text that lies, and code in files of other names.
fn seen_with(text: &str) -> Vec<(String, Kind)> {
    let lie = "// \u{202e}".as_bytes();
    let files: &[(&str, &[u8])] =
        &[("bin/tool", PROGRAM), ("src/x.txt", lie), ("src/lib.rs", text.as_bytes()), ("src/y.rs", b"")];
    let mut found = kinds(files);
    found.retain(|(path, kind)| path != "bin/tool" || *kind != Kind::Executable);
    found
}

#[test]
fn a_program_is_seen_under_any_name_of_the_macro_that_includes_it() {
    let expected = [("src/lib.rs".to_owned(), Kind::IncludesExecutable)];
    for text in [
        "use core::include_bytes as ib; const X: &[u8] = ib!(\"../bin/tool\");",
        "macro_rules! m { ($p:literal) => { include_bytes!($p) } } m!(\"../bin/tool\");",
        "other::m! { a, b => [\"./../bin/tool\"] }",
        "other::m!(concat!(env!(\"CARGO_MANIFEST_DIR\"), \"/bin/tool\"));",
        "other::m!(concat!(\"../bin/\", \"tool\"));",
        "include_bytes\u{200e}!(\"../bin/tool\");",
        "#\u{200f}[\u{200e}path = \"../bin/tool\"] mod x;",
        "include_bytes!(\"../Bin/TOOL\");",
    ] {
        assert_eq!(seen_with(text), expected, "{text}");
    }
    let pieces = "\"\", ".repeat(300);
    let long = format!("include_bytes!(concat!({pieces} \"../bin/tool\"));");
    assert_eq!(seen_with(&long), expected);
    let long = format!("#[cfg_attr(any({}), path = \"../bin/tool\")] mod x;", "unix, ".repeat(300));
    assert_eq!(seen_with(&long), expected);
    assert_eq!(seen_with("f(\"../bin/tool\"); m!(\"../bin/other\");"), []);
}

#[test]
fn text_that_is_compiled_is_a_source_however_it_is_named() {
    let expected = [("src/x.txt".to_owned(), Kind::Bidi)];
    for text in [
        "use core::include as inc; inc!(\"x.txt\");",
        "use core::include as include_str; include_str!(\"x.txt\");",
        "macro_rules! m { ($p:literal) => { include!($p); } } m!(\"x.txt\");",
        "macro_rules! m { ($p:literal) => { #[path = $p] mod x; } } m!(\"x.txt\");",
        "macro_rules! m { ($p:ident) => { include!(concat!(stringify!($p), \".txt\")); } } m!(x);",
        "macro_rules! m { ($a:ident, $p:literal) => { $a!($p); } } m!(include, \"x.txt\");",
        "macro_rules! m { ($a:ident) => { #[$a = \"x.txt\"] mod x; } } m!(path);",
        "other::inc!(\"x.\\x74xt\");",
        "other::inc!(\"../src/./x.txt\");",
        "#[path = \"assets/../x.txt\"] #[cfg_attr(any(), x{};)] mod m;",
        "include!(\"X.txt\");",
    ] {
        assert_eq!(seen_with(text), expected, "{text}");
    }
    let deep = format!("{}#[path = \"x.txt\"] mod m;{}", "mod a {".repeat(20), "}".repeat(20));
    assert_eq!(seen_with(&deep), expected);
    for text in ["include_str!(\"x.txt\");", "f(\"x.txt\");", "m!(\"y.txt\");", "const Z: u8 = include;"] {
        assert_eq!(seen_with(text), [], "{text}");
    }
}

#[test]
fn the_root_of_a_library_is_a_source_whatever_its_name() {
    let lie = "// \u{202e}".as_bytes();
    let files = [("src/lib.txt", lie)];
    let mut sources = sources(&files);
    sources.library = Some("src/lib.txt".to_owned());
    assert_eq!(of(&sources).sights.len(), 1);
}

#[test]
fn what_cargo_begins_with_outside_of_a_package_is_told() {
    for root in ["../x.rs", "a/../../x.rs", "/x.rs", "C:\\x.rs", "a\\..\\..\\x.rs"] {
        let files: [(&str, &[u8]); 1] = [("x.rs", b"")];
        let mut sources = sources(&files);
        sources.build_scripts = vec![root.to_owned()];
        let content = of(&sources.settled());
        let [sight] = &content.sights[..] else { panic!("{content:?} {root}") };
        assert_eq!((sight.kind, &*sight.path), (Kind::IncludesOutside, "Cargo.toml"), "{root}");
    }
}

/// What the one sight in a library is for.
fn role_in(text: &str) -> Role {
    let content = of(&sources(&[("src/lib.rs", text.as_bytes())]));
    let [sight] = &content.sights[..] else { panic!("{content:?} {text}") };
    sight.role
}

#[test]
fn only_what_cargo_leaves_out_is_for_tests() {
    let evil = "{ include_str!(\"/x\"); }";
    for text in [
        "#[cfg(test)] mod t EVIL",
        "/// A.\n#[allow(x)] #[cfg(test)] #[other] pub fn t() EVIL",
        "mod a { fn f() {} #[cfg(test)] fn t() EVIL }",
        "fn f() { g(); #[cfg(test)] EVIL }",
        "#[cfg(test)] m! EVIL",
    ] {
        assert_eq!(role_in(&text.replace("EVIL", evil)), Role::Tests, "{text}");
    }
    for text in [
        "fn f<#[cfg(test)] T>() EVIL",
        "fn f<#[allow(x)] #[cfg(test)] T>() EVIL",
        "fn f<A, #[cfg(test)] T>() EVIL",
        "fn f(#[cfg(test)] a: u8) EVIL",
        "fn f() { let x = |#[cfg(test)] a| EVIL; }",
        "fn f() { g(|| { #[cfg(test)] h() EVIL }) }",
        "m! { #[cfg(test)] fn g() EVIL }",
        "m! { mod a { #[cfg(test)] fn g() EVIL } }",
        "m!({ #[cfg(test)] fn g() EVIL });",
        "m![; #[cfg(test)] fn g() EVIL];",
        "macro_rules! m { () => { #[cfg(test)] fn g() EVIL } }",
        "#[other::strip] #[cfg(test)] fn g() EVIL",
        "#[cfg_attr(unix, other::strip)] #[cfg(test)] fn g() EVIL",
        "#[other::strip] mod a { #[cfg(test)] fn g() EVIL }",
        "#[other::strip] fn f() { #[cfg(test)] EVIL }",
        "#[other::test] fn g() EVIL",
        "#[cfg(any(test))] fn g() EVIL",
    ] {
        assert_eq!(role_in(&text.replace("EVIL", evil)), Role::Package, "{text}");
    }
}

#[test]
fn what_one_reading_takes_for_a_test_hides_nothing_in_the_next() {
    let text = "m!(cr#\"a\" \"#\n#[cfg(test)] mod t { \n\"); include_str!(\"/x\"); m!(\"{\");";
    assert_eq!(role_in(text), Role::Package);
}

#[test]
fn a_module_for_tests_that_a_macro_may_compile_is_for_everything() {
    let evil: (&str, &[u8]) = ("src/evil.rs", b"include_str!(\"/x\");");
    let role = |lib: &str| of(&sources(&[evil, ("src/lib.rs", lib.as_bytes())])).sights[0].role;
    assert_eq!(role("#[cfg(test)] mod evil;"), Role::Tests);
    assert_eq!(
        role("#[cfg(test)] mod evil; macro_rules! m { ($n:ident) => { mod $n; } } m!(evil);"),
        Role::Package
    );
    assert_eq!(role("m! { #[cfg(test)] mod evil; }"), Role::Package);
    // The root of a library has its modules beside it, whatever its name.
    let files: [(&str, &[u8]); 2] =
        [evil, ("src/root.rs", b"mod evil; mod root { #[cfg(test)] mod evil; } #[cfg(test)] mod evil;")];
    let mut sources = sources(&files);
    sources.library = Some("src/root.rs".to_owned());
    assert_eq!(of(&sources).sights[0].role, Role::Package);
}

#[test]
fn a_line_of_code_does_not_hide_behind_a_longer_one_of_data() {
    let code = format!("{}evil();", " ".repeat(25_000));
    let data = format!("const X: &str = \"{}\";", "a".repeat(30_000));
    let goes_on = format!("{code} const X: &str = \"\n{}\";", "a b\n".repeat(10_000));
    for text in [format!("{data}\n{code}\n"), goes_on] {
        let found = kinds(&[("src/lib.rs", text.as_bytes())]);
        assert!(found.contains(&("src/lib.rs".to_owned(), Kind::LongestLine)), "{found:?}");
    }
}

#[test]
fn code_that_runs_at_build_time_hides_no_data_between_its_comments() {
    let numbers = "1, 2, /*;*/ ".repeat(300);
    let text = format!("const X: &[u8] = &[{numbers}];");
    assert_eq!(kinds(&[("build.rs", text.as_bytes())]), [("build.rs".to_owned(), Kind::Blob)]);
}

#[test]
fn a_package_of_many_small_things_is_gone_through_in_time() {
    let names = (0..3_000).map(|number| format!("bin/{number:04}.in")).collect::<Vec<_>>();
    let wasm = (0..3_000).map(|number| format!("w/{number:04}.bin")).collect::<Vec<_>>();
    let includes = names.iter().map(|name| format!("include!(\"../{name}\"); m!(\"../{name}\");\n"));
    let includes = includes.collect::<String>();
    let deep = format!("include_bytes!(\"{}x\");", "a/".repeat(200_000));
    let modules = format!("mod {} {{ {} }}", "a".repeat(60), "mod x; ".repeat(50_000));
    let script = "// a\n".repeat(200_000);
    let mut files = vec![
        ("build.rs", script.as_bytes()),
        ("src/lib.rs", includes.as_bytes()),
        ("src/a.rs", deep.as_bytes()),
        ("src/b.rs", modules.as_bytes()),
    ];
    files.extend(names.iter().map(|name| (&**name, includes.as_bytes()[..40_000].as_ref())).take(20));
    files.extend(wasm.iter().map(|name| (&**name, &b"\0asm"[..])));
    let mut sources = sources(&files);
    sources.nested = (0..3_000).map(|number| format!("nested/{number}/")).collect();
    let start = std::time::Instant::now();
    of(&sources);
    assert!(start.elapsed().as_secs() < 10, "{:?}", start.elapsed());
}

proptest! {
    #[test]
    fn any_bytes_are_gone_through(
        bytes in proptest::collection::vec(any::<u8>(), 0..400),
        text in "(include(_str|_bytes)?!|#\\[path ?=|cfg_attr|cfg\\(test\\)|mod |\"[./a]{0,9}\"|[(){}\\[\\],;=#]|\u{200b}{0,5}|а|\n){0,40}",
        name in "(src/lib|build|tests/a|a)\\.(rs|lib|png|a|sh)",
    ) {
        of(&sources(&[(&name, &bytes), ("src/x.rs", text.as_bytes())]));
        of(&sources(&[("src/lib.rs", text.as_bytes()), (&name, text.as_bytes())]));
    }

    #[test]
    fn what_begins_like_a_program_is_gone_through(
        head in proptest::sample::select(vec![&b"MZ"[..], b"!<arch>\n", b"\xca\xfe\xba\xbe", b"\x64\x86\x01\0"]),
        rest in proptest::collection::vec(prop_oneof![Just(0u8), Just(b' '), Just(b'1'), any::<u8>()], 0..200),
    ) {
        of(&sources(&[("a.lib", &[head, &rest].concat())]));
    }
}
