//! What lies in packages: programs, encoded data, text that is not what it looks like. All of it is inert: sources that do not
//! compile, and programs that are a header and nothing else.

use serde_json::Value;
use tests::krate::days_ago;
use tests::project::{CLEAN, package};
use tests::{Krate, Project, Registry, Response, Sandbox, files};

const INERT: &str = "compile_error!(\"inert\");\n";
const ELF: &str = "\x7fELF";

fn krate(name: &str, source: &str) -> Krate {
    Krate::new(name, "1.0.0").file("src/lib.rs", &format!("{INERT}{source}"))
}

/// What is said of packages: the package, the check, and what it leads to.
fn said(output: &str) -> Vec<(String, String, String)> {
    let lines = output.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let findings = lines.filter(|line| line["reason"] == "finding");
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    findings.map(|it| (text(&it["package"]["name"]), text(&it["id"]), text(&it["weight"]))).collect()
}

#[test]
fn whatever_lies_in_a_package_is_told_before_it_enters() {
    let sandbox = Sandbox::new();
    let registry = sandbox.registry();
    let hidden = "\u{e0101}\u{e0102}\u{e0103}\u{e0104}";
    let base64 = "QUJD".repeat(200);
    let long = format!("fn f() {{}}{}fn g() {{}}", " ".repeat(21_000));
    let windows = format!("MZ{}\x40\0\0\0PE\0\0", "\0".repeat(0x3a));
    let cases = [
        (krate("has-elf", "").file("bin/tool", ELF), "native-executable", "review"),
        (krate("has-exe", "").file("tests/tool.exe", &windows), "native-executable", "review"),
        (krate("has-archive", "").file("lib/x.a", "!<arch>\n"), "native-archive", "review"),
        (krate("has-wasm", "").file("x.wasm", "\0asm\x01\0\0\0"), "native-wasm", "note"),
        (
            krate("runs-wasm", "").file("x.wasm", "\0asm\x01\0\0\0").build_script("// x.wasm\nfn main() {}"),
            "native-wasm",
            "review",
        ),
        (krate("disguised", "").file("logo.png", ELF), "extension-mismatch", "denial"),
        (
            krate("includes-elf", "static X: &[u8] = include_bytes!(\"../x\");").file("x", ELF),
            "include-executable",
            "denial",
        ),
        (krate("reads-outside", "include_str!(\"../../../x\");"), "include-outside", "review"),
        (krate("turns-text", "// \u{202e} x"), "unicode-bidi", "denial"),
        (krate("hides-text", &format!("const X: &str = \"{hidden}\";")), "unicode-invisible-run", "review"),
        (krate("looks-alike", "fn v\u{430}lid() {}"), "unicode-mixed-script", "review"),
        (krate("goes-on", &long), "source-long-line", "review"),
        (krate("has-data", &format!("const X: &str = \"{base64}\";")), "source-encoded-blob", "note"),
        (
            krate("builds-data", "").build_script(&format!("const X: &str = \"{base64}\"; fn main() {{}}")),
            "source-encoded-blob",
            "review",
        ),
        (krate("goes-first", "#[ctor] fn f() {}"), "life-before-main", "review"),
        (krate("has-nul", "// \0"), "source-not-utf8", "review"),
    ];
    for (krate, ..) in &cases {
        registry.publish(krate);
    }
    registry.publish(&krate("harmless", "").file("logo.png", "\u{89}PNG").file("data.bin", "\0\x01\x02"));
    let gated = Project::app(&sandbox, "gated").pinned();
    let before = files::read(&gated.path("Cargo.toml"));

    let names = cases.iter().map(|(krate, ..)| krate.name()).chain(["harmless"]).collect::<Vec<_>>();
    let output = gated.provenance(["vet", "--message-format", "json"]).args(&names).run().code(1);
    let said = said(&output.stdout);
    for (krate, check, level) in &cases {
        let found = said.iter().filter(|(name, id, _)| name == krate.name() && id == check);
        let levels = found.map(|(_, _, level)| level.as_str()).collect::<Vec<_>>();
        assert_eq!(levels, [*level], "{} {check}: {output}", krate.name());
    }
    assert!(!said.iter().any(|(name, ..)| name == "harmless"), "{output}");

    for (name, check) in [("includes-elf", "include-executable"), ("has-elf", "native-executable")] {
        let refused = gated.provenance(["add", name]).run().code(1);
        refused.stderr_has(&format!("[{check}]"));
    }
    assert_eq!(before, files::read(&gated.path("Cargo.toml")));
    // Accepting one file accepts just that.
    let accept = "native-executable/bin/tool=built it ourselves";
    gated.provenance(["add", "has-elf", "--accept", accept]).ok();
    assert!(files::read(&gated.path("Provenance.lock")).contains("bin/tool"));
}

#[test]
fn a_program_that_a_new_version_brings_is_refused() {
    let sandbox = Sandbox::new();
    let registry = sandbox.registry();
    registry.publish(&Krate::greeting("brings", "1.0.0", CLEAN).file("bin/old", ELF));
    let gated = Project::greeter(&sandbox, "gated", "brings = \"1\"", "brings::greeting()").pinned();
    let next = |version: &str, path: &str| Krate::greeting("brings", version, CLEAN).file(path, ELF);

    registry.publish(&next("1.1.0", "bin/new"));
    let refused = gated.provenance(["update", "brings", "--precise", "1.1.0"]).run().code(1);
    refused.stderr_has("[native-executable]").stderr_has("`1.0.0` has none there");
    // It was there before: a look is enough.
    registry.publish(&next("1.2.0", "bin/old"));
    let accept = "native-executable/bin/old=known";
    let accepted = gated.provenance(["update", "brings", "--precise", "1.2.0", "--accept", accept]);
    accepted.ok();
}

#[test]
fn what_cannot_be_compared_is_told_and_open_only_where_it_counts() {
    let sandbox = Sandbox::new();
    let registry = sandbox.registry();
    let young = |version: &str| Krate::greeting("young", version, CLEAN).published(Some(&days_ago(20)));
    registry.publish(&Krate::greeting("young", "1.0.0", CLEAN));
    registry.publish(&young("1.0.1"));
    registry.publish(&young("1.1.0").file("tool", ELF));
    let gated = Project::app(&sandbox, "gated").pinned();

    // Compared with the version before it, which is there to be fetched.
    let refused = gated.provenance(["add", "young@=1.1.0"]).run().code(1);
    refused.stderr_has("`1.0.1` has none there");
    // And where it is not.
    registry.respond(&Registry::download_path("young", "1.0.1"), Response::Status(404));
    let open = gated.provenance(["add", "young@=1.1.0"]).run().code_in(&[1, 3]);
    open.stderr_has("could not be judged").stderr_has("young v1.0.1");
    registry.respond(&Registry::download_path("young", "1.0.0"), Response::Status(404));
    registry.behave(&Registry::download_path("young", "1.0.1"));
    gated.provenance(["add", "young@=1.0.1"]).ok().stderr_has("what is new in");
    // A pin that stays is not compared, and the archive of an older version is not kept.
    registry.forget_requests();
    gated.provenance(["check"]).ok();
    let asked = registry.requests().into_iter().filter(|path| path.contains("1.0.0/download"));
    assert_eq!(asked.collect::<Vec<_>>(), Vec::<String>::new());
}

#[test]
fn a_previous_version_that_is_hostile_is_its_own_fault() {
    let sandbox = Sandbox::new();
    let registry = sandbox.registry();
    registry.publish(&Krate::greeting("young", "1.0.0", CLEAN).archive(b"no archive at all".to_vec()));
    let young = Krate::greeting("young", "1.0.1", CLEAN).published(Some(&days_ago(20)));
    registry.publish(&young);
    let gated = Project::app(&sandbox, "gated").pinned();
    gated.provenance(["add", "young"]).ok().stderr_has("what is new in");
}

#[test]
fn programs_in_git_repositories_and_directories_are_found() {
    let sandbox = Sandbox::new();
    let repository = Project::empty(&sandbox, "repository")
        .with("Cargo.toml", "[workspace]\nmembers = [\"crates/*\"]\nresolver = \"3\"\n")
        .with("crates/gitty/Cargo.toml", &package("gitty", ""))
        .with("crates/gitty/src/lib.rs", INERT)
        .with("crates/gitty/data/tool", ELF)
        .with("crates/other/Cargo.toml", &package("other", ""))
        .with("crates/other/src/lib.rs", "")
        .with("crates/other/unrelated", ELF);
    repository.commit("first");
    Project::empty(&sandbox, "local")
        .with("Cargo.toml", &package("local", ""))
        .with("src/lib.rs", "// \u{202e}")
        .with("tool", ELF);
    let gated = Project::app(&sandbox, "gated").pinned();
    let url = format!("file://{}", sandbox.path("repository").display());
    let lines = format!("victim = \"1\"\ngitty = {{ git = \"{url}\" }}\nlocal = {{ path = \"../local\" }}");
    files::replace(&gated.path("Cargo.toml"), "victim = \"1\"", &lines);
    gated.cargo(["generate-lockfile", "--quiet"]).ok();
    let refused = gated.provenance(["pin"]).run().code(1);
    let refused = refused
        .stderr_has("`data/tool` is an ELF")
        .stderr_has("`tool` is an ELF")
        .stderr_has("[unicode-bidi]");
    assert!(!refused.stderr.contains("unrelated"), "{refused}");
}
