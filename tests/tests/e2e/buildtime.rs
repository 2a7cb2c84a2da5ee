//! What code does while other packages compile, and what it does together later. Everything here is inert: it does not compile,
//! and its addresses lead nowhere.

use std::collections::BTreeMap;

use serde_json::Value;
use tests::krate::days_ago;
use tests::project::CLEAN;
use tests::{Krate, Project, Sandbox, files};

const FILES: [&str; 4] = ["Cargo.toml", "Cargo.lock", "Provenance.lock", "Provenance.toml"];

fn state(project: Project<'_>) -> BTreeMap<&'static str, String> {
    FILES.iter().map(|file| (*file, files::read(&project.path(file)))).collect()
}

/// Nothing that comes after this line is ever run.
fn inert(source: &str) -> String {
    format!("compile_error!(\"inert\");\n{source}\n")
}

fn built(name: &str, script: &str) -> Krate {
    Krate::greeting(name, "1.0.0", CLEAN).build_script(&inert(script))
}

fn library(name: &str, source: &str) -> Krate {
    Krate::new(name, "1.0.0").file("src/lib.rs", &inert(source))
}

/// `https://evil.invalid/x` in three pieces of base64.
const PIECES: &str = "const URL: [&str; 3] = [\"aHR0cHM6Ly9l\", \"dmlsLmludmFs\", \"aWQveA==\"];";

#[test]
fn what_build_time_code_does_is_refused_by_its_own_check() {
    let sandbox = Sandbox::new();
    let net = "std::net::TcpStream::connect(\"x.invalid:80\");";
    let decoder = "let b = [1u8, 2, 3, 4, 5, 6, 7, 8]; let s: String = b.iter().map(|x| (x ^ 7) as char).collect(); \
                   std::fs::write(s, s);";
    let main = |body: &str| format!("fn main() {{ {body} }}");
    let command = |program: &str| main(&format!("std::process::Command::new({program:?});"));
    let scripts = [
        ("connects", "build-net", main(net)),
        ("downloads", "build-exec-downloader", command("curl")),
        ("addresses", "build-ip-literal", main("let a = \"192.0.2.1:80\";")),
        ("encodes", "build-encoded-url", PIECES.to_owned()),
        ("decodes", "build-decoded-command", main(decoder)),
        ("trusts", "build-tls-off", main("c.danger_accept_invalid_certs(true);")),
        ("wants", "build-secret-name", main("std::env::var(\"CARGO_REGISTRY_TOKEN\");")),
        ("sweeps", "build-env-dump", main(&format!("std::env::vars(); {net}"))),
        ("steals", "build-credential-path", main("home.join(\".ssh\");")),
        ("sends", "build-exfil-host", main("let a = \"https://api.telegram.org/bot\";")),
        ("marks", "build-chmod", main("std::fs::set_permissions(a, b);")),
        ("loads", "build-dlopen", main("libloading::Library::new(a);")),
        ("leaves", "build-write-outside-out-dir", main("std::fs::write(\"/tmp/x\", a);")),
    ];
    let mut krates = scripts.map(|(name, check, script)| (built(name, &script), check)).to_vec();
    krates.push((built("fetches", "fn main() {}").build_dependency("ureq", "1"), "build-net-dependency"));
    let hidden = built("hides", "#[path = \"data/x.txt\"] mod a; fn main() {}");
    krates.push((hidden.file("data/x.txt", &inert(net)), "build-net"));
    let included = built("includes", "include!(concat!(env!(\"CARGO_MANIFEST_DIR\"), \"/gen.in\"));");
    krates.push((included.file("gen.in", &inert(net)), "build-net"));
    let of_macro = library("macro", "mod a;").proc_macro().file("src/a.rs", &inert(net));
    krates.push((of_macro, "build-net"));
    sandbox.registry().publish(&Krate::new("ureq", "1.0.0"));
    refuses(&sandbox, &krates);
}

#[test]
fn what_code_does_together_later_is_refused_by_its_own_check() {
    let sandbox = Sandbox::new();
    let get = "fn f() { reqwest::get(\"http://x.invalid\"); }";
    let libraries = [
        ("theft", "run-credentials-and-net", "const A: &str = \".ssh/id_rsa\";"),
        (
            "dropper",
            "run-download-and-exec",
            "fn g() { std::process::Command::new(\"/tmp/x\"); std::env::temp_dir(); }",
        ),
        ("search", "run-secret-regex-and-net", "const A: &str = \"0x[a-fA-F0-9]{64}\";"),
        ("sweep", "run-net-and-env-dump", "fn g() { std::env::vars(); }"),
        ("hook", "run-exfil-host", "const A: &str = \"https://x.workers.dev\";"),
    ];
    let libraries =
        libraries.map(|(name, check, source)| (library(name, &format!("{get}\n{source}")), check));
    refuses(&sandbox, &libraries);
}

/// Expects that `add` refuses each package for its check, names the check's documentation, and leaves everything as it was.
fn refuses(sandbox: &Sandbox, krates: &[(Krate, &str)]) {
    let gated = Project::app(sandbox, "gated").pinned();
    let before = state(gated);
    for (krate, check) in krates {
        sandbox.registry().publish(krate);
        let output = gated.provenance(["add", krate.name()]).run().code(1);
        assert!(output.stderr.contains(&format!("[{check}]")), "{check}: {output}");
        assert!(before == state(gated), "something was changed for {}", krate.name());
        gated.provenance(["explain", check]).ok();
    }
}

#[test]
fn code_that_only_looks_like_it_is_let_in() {
    let sandbox = Sandbox::new();
    let script = "// std::net::TcpStream::connect(\"192.0.2.1:80\"); aHR0cHM6Ly9ldmlsLmludmFsaWQ=\n\
                  fn main() { let version = \"1.2.3.4\"; let local = \"127.0.0.1\"; let dangerous = 1; let curl = \"curl\"; \
                  std::fs::write(out.join(\"/x\"), version); std::env::var(\"TARGET\"); }";
    let honest = "/// See https://webhook.site and `.ssh`.\npub fn f() { std::env::var(\"HOME\"); }\n\
                  #[cfg(test)] mod tests { fn g() { std::net::TcpStream::connect(\"192.0.2.1:80\"); let a = \".aws\"; } }";
    sandbox.registry().publish(&built("honest", script).file("src/lib.rs", &inert(honest)));
    let compiles = "use std::process::Command; fn main() { Command::new(\"rustc\"); std::env::vars(); }";
    sandbox.registry().publish(&built("compiles", compiles));
    let gated = Project::app(&sandbox, "gated").pinned();
    let output = gated.provenance(["add", "honest"]).ok();
    assert!(!output.stderr.contains("[build-") && !output.stderr.contains("[run-"), "{output}");
    let output = gated.provenance(["add", "compiles"]).ok();
    output.stderr_has("note[build-exec]").stderr_has("note[build-env-dump]");
    gated.provenance(["verify"]).ok();
}

#[test]
fn to_accept_one_thing_accepts_that_one_thing() {
    let sandbox = Sandbox::new();
    let shell = "fn a() { std::process::Command::new(\"sh\"); }";
    let two = built("two", &format!("mod b; {shell}")).file("b.rs", &inert(shell));
    sandbox.registry().publish(&two);
    let third = Krate::greeting("two", "1.0.1", CLEAN).build_script(&inert(&format!("mod b; {shell}")));
    let third = third.file("b.rs", &inert(&format!("{shell} fn c() {{ std::fs::set_permissions(a, b); }}")));
    let gated = Project::app(&sandbox, "gated").pinned();
    let before = state(gated);
    let one = "two:build-exec-downloader/build.rs=it only configures";
    let other = "two:build-exec-downloader/b.rs=it only configures";
    let output = gated.provenance(["add", "two", "--accept", one]).run().code(1);
    output.stderr_has("[build-exec-downloader]").stderr_has("`b.rs`");
    assert!(before == state(gated), "something was changed");
    gated.provenance(["add", "two", "--accept", one, "--accept", other]).ok();
    gated.provenance(["verify"]).ok();
    gated.provenance(["check"]).ok();

    // Other bytes are asked about again.
    sandbox.registry().publish(&third);
    gated.provenance(["update", "two", "--precise", "1.0.1"]).run().code(1).stderr_has("[build-chmod]");
    let all = [one, other, "two:build-chmod=it is its own file"].map(|accept| ["--accept", accept]);
    let command = gated.provenance(["update", "two", "--precise", "1.0.1"]);
    command.args(all.concat()).ok();
    assert_eq!(gated.locked("two"), "1.0.1");
}

#[test]
fn a_team_that_wants_to_decide_about_every_build_script_is_asked() {
    let sandbox = Sandbox::new();
    sandbox.registry().publish(&built("plain", "fn main() {}"));
    let gated = Project::app(&sandbox, "gated");
    let gated =
        gated.with("Provenance.toml", "version = 1\n[checks]\nbuild-time-code = \"review\"\n").pinned();
    gated.provenance(["add", "plain"]).run().code(1).stderr_has("[build-time-code]");
    gated.provenance(["add", "plain", "--accept", "build-time-code=read it"]).ok();
}

#[test]
fn the_encoded_url_of_arrayref_is_refused_however_old_it_is() {
    let sandbox = Sandbox::new();
    let registry = sandbox.registry();
    registry.publish(&Krate::greeting("arrayref", "0.3.9", CLEAN));
    let gated = |name| Project::greeter(&sandbox, name, "arrayref = \"0.3\"", "arrayref::greeting()");
    let updated = gated("updated").pinned();
    let by_hand = gated("by-hand").pinned();
    registry.publish(&built(
        "proc-macro1",
        &format!("{PIECES}\nfn main() {{ c.danger_accept_invalid_certs(true); }}"),
    ));
    registry.publish(&Krate::greeting("arrayref", "0.3.10", CLEAN).dependency("proc-macro1", "1"));

    let app = Project::app(&sandbox, "app").pinned();
    let before = state(app);
    let output = app.provenance(["add", "arrayref@0.3.10"]).run().code(1);
    output
        .stderr_has("error[build-encoded-url]")
        .stderr_has("https://evil.invalid/x")
        .stderr_has("error[build-tls-off]");
    assert!(before == state(app), "something was changed");
    // What denies is for the policy to change.
    app.provenance(["add", "arrayref@0.3.10", "--accept", "proc-macro1:build-encoded-url=why"]).run().code(1);
    assert!(before == state(app), "something was changed");

    updated.provenance(["update"]).run().code_in(&[0, 1]).stderr_has("build-encoded-url");
    assert_eq!(updated.locked("arrayref"), "0.3.9");
    updated.provenance(["verify"]).ok();

    by_hand.cargo(["update"]).ok();
    assert_eq!(by_hand.locked("arrayref"), "0.3.10");
    by_hand.provenance(["check"]).run().code_in(&[1, 4]).stderr_has("error[build-encoded-url]");
    by_hand.provenance(["pin"]).run().code(1).stderr_has("error[build-encoded-url]");
}

#[test]
fn what_a_new_version_brings_is_told_by_its_own_check() {
    let sandbox = Sandbox::new();
    let registry = sandbox.registry();
    let main = "fn main() {}";
    let plain = |name: &str, version: &str| Krate::new(name, version).file("src/lib.rs", &inert(""));
    let with = |name: &str, version: &str, source: &str| {
        Krate::new(name, version).file("src/lib.rs", &inert(source))
    };
    // Noise, which no limit on archives takes for a bomb.
    let mut state = 1_u64;
    let noise = std::iter::repeat_with(|| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        char::from(b'a' + u8::try_from(state >> 59).unwrap_or(0) % 26)
    });
    let noise = noise.take(1_500_000).collect::<String>();
    let gate = "fn f() { if std::env::var(\"GITLAB_CI\").is_ok() { std::process::Command::new(\"x\"); } }";
    let net = "fn f() { std::net::TcpStream::connect(\"x.invalid:80\"); }";
    let cases = [
        (plain("grows", "1.0.0"), plain("grows", "1.1.0").file("data.txt", &noise), "size-jump", "note"),
        (plain("gates", "1.0.0"), with("gates", "1.1.0", gate), "run-ci-gate", "note"),
        (
            plain("scripted", "1.0.0"),
            plain("scripted", "1.1.0").build_script(&inert(main)),
            "build-script-new",
            "review",
        ),
        (
            plain("rescripted", "1.0.0").build_script(&inert(main)),
            plain("rescripted", "1.1.0").build_script(&inert("fn main() { loop {} }")),
            "build-script-changed",
            "note",
        ),
        (plain("turns", "1.0.0"), plain("turns", "1.1.0").proc_macro(), "proc-macro-new", "review"),
        (plain("gains", "1.0.0"), with("gains", "1.1.0", net), "capability-gained", "note"),
        (plain("patches", "1.0.0"), with("patches", "1.0.1", net), "capability-gained", "review"),
        (
            plain("runs", "1.0.0"),
            plain("runs", "1.1.0").program("ci/run.sh", "#!/bin/false\n"),
            "exec-script",
            "note",
        ),
    ];
    for (before, now, ..) in &cases {
        registry.publish(before);
        // Only what is young is compared with the version before it, where nothing of it is locked.
        registry.publish(&now.clone().published(Some(&days_ago(20))));
    }
    let gated = Project::app(&sandbox, "gated").pinned();
    let names = cases.iter().map(|(before, ..)| before.name()).collect::<Vec<_>>();
    let output = gated.provenance(["vet", "--message-format", "json"]).args(&names).run().code(1);
    let lines = output.stdout.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let findings = lines.filter(|line| line["reason"] == "finding").collect::<Vec<_>>();
    for (before, _, check, weight) in &cases {
        let is_it = |it: &&Value| it["package"]["name"] == before.name() && it["id"] == *check;
        let weights =
            findings.iter().filter(|it| is_it(it)).map(|it| it["weight"].clone()).collect::<Vec<_>>();
        assert_eq!(weights, [*weight], "{} {check}: {output}", before.name());
        gated.provenance(["explain", check]).ok();
    }
    // The versions before have none of it.
    for (name, check) in [("scripted", "build-script-new"), ("gains", "capability-gained")] {
        let output = gated.provenance(["vet", &format!("{name}@1.0.0")]).run();
        assert!(!output.stderr.contains(check), "{output}");
    }
}
