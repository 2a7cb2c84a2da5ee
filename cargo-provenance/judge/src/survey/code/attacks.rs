//! Packages that try to be too much to read, or to be read as something else than what rustc compiles.

use super::tests::{NET, surveyed, where_net};
use super::*;

fn script(text: &str) -> Part {
    surveyed(&[("build.rs", text)], false).build_time
}

fn library(text: &str) -> Part {
    surveyed(&[("src/lib.rs", text)], false).run_time
}

#[test]
fn modules_in_a_module_with_an_endless_name_take_no_memory() {
    let text = format!("mod {} {{ {} }}", "a".repeat(100_000), "mod x;".repeat(4_000));
    assert!(script(&text).has(What::Unread));
}

#[test]
fn more_modules_than_are_followed_are_told() {
    let many = (0..5_000).map(|at| format!("mod m{at};")).collect::<String>();
    let deep = format!("{} mod x; {}", "mod a {".repeat(40), "}".repeat(40));
    for text in [many, deep] {
        assert!(script(&text).has(What::Unread));
    }
    assert!(!script("mod a { mod b { mod c; } }").has(What::Unread));
}

#[test]
fn thousands_of_globs_and_paths_are_read_in_time() {
    let globs = (0..4_000).map(|at| format!("use std::m{at}::*;")).collect::<String>();
    let found = script(&format!("{globs} {} {NET}", "Foo::bar();".repeat(4_000)));
    assert!(found.has(What::Net) && !found.has(What::Unread));
    // These can all mean something.
    let globs = (0..4_000).map(|at| format!("use ureq::m{at}::*;")).collect::<String>();
    assert!(script(&format!("{globs} {}", "Foo::bar();".repeat(4_000))).has(What::Unread));
}

#[test]
fn rows_imports_and_calls_that_never_end_are_read_in_time() {
    for (piece, end) in [
        ("'a',x,", ""),
        ("use ", ""),
        ("use a::{", ""),
        ("Command::new(", "use std::process::Command;"),
        ("concat!(\"a\",", ""),
        ("#[a ", ""),
        ("#[path = \"a\"] ", "mod a;"),
        ("use a::b as b;", ""),
    ] {
        script(&format!("{}{end}", piece.repeat(60_000)));
    }
}

#[test]
fn more_code_than_is_read_is_told() {
    let half = format!("{}{NET}", " ".repeat(BUDGET / 2));
    let code = surveyed(&[("build.rs", "mod a; mod b;"), ("a.rs", &half), ("b.rs", &half)], false);
    let unread = code.build_time.all(What::Unread).count();
    assert_eq!((where_net(&code.build_time).len(), unread), (1, 1));
}

#[test]
fn only_an_attribute_is_documentation() {
    for text in [
        "fn f() { let doc = \"http://192.0.2.1/x\"; }",
        "fn f() { d.doc = \"http://192.0.2.1/x\"; }",
        "fn f() { let x = S { doc: 1 }; [doc = \"http://192.0.2.1/x\"]; }",
    ] {
        assert!(script(text).has(What::IpLiteral), "{text}");
    }
    for text in ["#[doc = \"http://192.0.2.1/x\"] fn f() {}", "#![doc = \"http://192.0.2.1/x\"]"] {
        assert!(!script(text).has(What::IpLiteral), "{text}");
    }
}

#[test]
fn what_stands_between_a_path_and_its_module_hides_nothing() {
    let long = format!("#[path = \"x.txt\"] #[allow({})] mod m;", "a, ".repeat(100));
    for text in [
        &long,
        "#[path = \"x.txt\"] #[cfg_attr(any(), x{})] mod m;",
        "#[path = \"x.txt\"] #[cfg_attr(any(), x = ';')] #[y{;}] pub mod m;",
        "#[path = \"d/\"] mod m { #[path = \"../x.txt\"] mod n; }",
    ] {
        let code = surveyed(&[("build.rs", text), ("x.txt", NET)], false);
        assert_eq!(where_net(&code.build_time), ["x.txt"], "{text}");
    }
    let code = surveyed(&[("build.rs", "#[path = \"d\"] mod m { mod n; }"), ("d/n.rs", NET)], false);
    assert_eq!(where_net(&code.build_time), ["d/n.rs"]);
}

#[test]
fn names_are_followed_however_often_they_change() {
    let renames = (0..100).map(|at| format!("use a{at} as a{};", at + 1)).collect::<String>();
    let long = format!("use std::{{{} net::TcpStream}};", "env, ".repeat(5_000));
    let deep = format!("use {}std::net::TcpStream{};", "{".repeat(40), "}".repeat(40));
    for text in [
        format!("use std as a0; {renames} fn f() {{ a100::net::TcpStream::connect(a); }}"),
        format!("{long} fn f() {{ TcpStream::connect(a); }}"),
        format!("{deep} fn f() {{ TcpStream::connect(a); }}"),
        "mod a { use std::net::TcpStream as T; fn f() { T::connect(a); } } mod b { use a::T; }".to_owned(),
    ] {
        assert!(script(&text).has(What::Net), "{text}");
        assert!(!script(&text).has(What::Unread), "{text}");
    }
    let long = format!("use {}::x as y;", "a::".repeat(1_000));
    assert!(script(&long).has(What::Unread));
}

#[test]
fn what_a_macro_is_given_is_read_as_code() {
    for text in [
        "use core::include as inc; inc!(\"x.txt\");",
        "macro_rules! m{($p:literal)=>{include!($p);}} m!(\"x.txt\");",
        "macro_rules! m{($p:literal)=>{#[path = $p] mod x;}} m!(\"x.txt\");",
        "macro_rules! m{($p:expr)=>{include!(concat!(env!(\"CARGO_MANIFEST_DIR\"), $p));}} m!{\"x.txt\"}",
    ] {
        let code = surveyed(&[("build.rs", text), ("x.txt", NET)], false);
        assert_eq!(where_net(&code.build_time), ["x.txt"], "{text}");
        assert!(code.build_time.has(What::Unread), "{text}");
    }
    for text in [
        "macro_rules! m{($n:ident)=>{mod $n;}}",
        "macro_rules! m{()=>{\"x.txt\"}} include!(m!());",
        "include!(env!(\"X\"));",
        "use std::{include_bytes as ib};",
        "macro_rules! vec{($p:literal)=>{m!($p);}}",
        "macro_rules! m{($n:ident)=>{mod $n { mod x; }}}",
    ] {
        assert!(script(text).has(What::Unread), "{text}");
    }
    for text in [
        "include!(concat!(env!(\"OUT_DIR\"), \"/x.rs\"));",
        "macro_rules! m{($p:literal)=>{include!(concat!(env!(\"OUT_DIR\"), \"/\", $p));}}",
        "std::include!(\"x.rs\",);",
        "use std::include;",
        "macro_rules! m{($n:ident)=>{mod $n { fn f() {} }}}",
        "println!(\"cargo:rerun-if-changed=x.txt\"); vec![\"x.txt\"]; include_str!(\"x.txt\");",
    ] {
        let code = surveyed(&[("build.rs", text), ("x.txt", NET)], false);
        assert!(!code.build_time.has(What::Unread), "{text}");
        assert!(!code.build_time.has(What::Net), "{text}");
    }
    let hides = surveyed(&[("build.rs", "include!(\"OUT_DIR.txt\");"), ("OUT_DIR.txt", NET)], false);
    assert!(hides.build_time.has(What::Net));
    for text in ["include!(concat!(core::env!(\"X\"), \"/x\"));", "#[cfg_attr(a, b(path = c))] fn f() {}"] {
        assert!(!library(text).has(What::Unread), "{text}");
    }
    assert!(library("use core::include as inc; inc!(\"x.txt\");").has(What::Unread));
    assert!(library("macro_rules! m{($p:literal)=>{#[path = $p] mod x;}}").has(What::Unread));
}

#[test]
fn a_long_argument_hides_no_program() {
    let zeros = "0,".repeat(1_000);
    for text in [
        format!("std::process::Command::new({{let _=[{zeros}]; \"curl\"}})"),
        "std::process::Command::new({let _ = \"a\"; \"curl\"})".to_owned(),
    ] {
        assert!(script(&format!("fn main() {{ {text}; }}")).has(What::Downloader), "{text}");
    }
    let zeros = "0,".repeat(10_000);
    let text = format!("fn main() {{ std::process::Command::new({{let _=[{zeros}]; \"curl\"}}); }}");
    assert!(script(&text).has(What::Unread));
}

#[test]
fn the_root_of_the_library_is_read_whatever_it_is_called() {
    for (root, text) in [("src/lib.txt", NET), ("src/lib.txt", "mod a;"), ("lib.rs", NET), ("SRC/x", NET)] {
        let file = |path, text: &'static str| File { path, executable: false, content: text.as_bytes() };
        let sources = Sources {
            files: vec![file(root, text), file("src/a.rs", NET)],
            library: Some(root.to_owned()),
            ..Sources::default()
        };
        let read = Code::of(&sources).run_time;
        assert!(where_net(&read).contains(&if text == NET { root } else { "src/a.rs" }), "{root}");
    }
}

#[test]
fn code_is_only_for_tests_where_rustc_says_so() {
    for text in [
        "fn f<#[cfg(test)] T>() { NET }",
        "fn f<A, #[cfg(test)] T>() { NET }",
        "fn f<#[a] #[cfg(test)] T>() { NET }",
        "fn f() { let x = |#[cfg(test)] a| { NET }; }",
        "fn f() { let x = |a, #[cfg(test)] b| { NET }; }",
        "fn f() { let x = |a, #[cfg(test)] b| c | { NET }; }",
        "m!{ #[cfg(test)] fn g() { NET } }",
        "m! x { a { #[cfg(test)] fn g() { NET } } }",
        "#[evil::test] fn g() { NET }",
        "use evil as tokio; #[tokio::test] fn g() { NET }",
        "mod tokio {} #[tokio::test] fn g() { NET }",
        "use evil::test; #[test] fn g() { NET }",
        "#[cfg(test)] fn t() {} pub fn go() { NET }",
        "#[cfg(test)] fn t() { NET } pub fn go() { NET }",
    ] {
        let text = text.replace("NET", "std::net::TcpStream::connect(a);");
        assert!(library(&text).has(What::Net), "{text}");
    }
    for text in [
        "#[test] fn g() { NET }",
        "#[tokio::test] async fn g() { NET }",
        "use tokio::test; #[test] async fn g() { NET }",
        "#[cfg(test)] mod t { #[test] fn g() { NET } }",
        "fn f() { match a { A => 1, #[cfg(test)] B => { NET } } }",
        "fn f() { x(); #[cfg(test)] { NET } }",
    ] {
        let text = text.replace("NET", "std::net::TcpStream::connect(a);");
        assert!(!library(&text).has(What::Net), "{text}");
    }
    // A macro may drop what makes a module one of tests.
    let code = surveyed(&[("src/lib.rs", "m!{ #[cfg(test)] mod a; }"), ("src/a.rs", NET)], false);
    assert!(code.run_time.has(What::Net));
}
