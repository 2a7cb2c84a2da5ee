//! `build`, `test`, `run`, `clippy` and `exec`: everything verified, then cargo under the guard, then everything confirmed.

use tests::files;
use tests::krate::minutes_ago;
use tests::project::{CLEAN, EVIL, make_clean, make_evil};
use tests::{Krate, Project, Sandbox};

use crate::guard::marking;

#[test]
fn what_is_built_lies_where_cargo_puts_it() {
    let sandbox = Sandbox::new();
    let app = Project::app(&sandbox, "app").pinned();
    app.provenance(["build"])
        .ok()
        .stderr_has("1 package matches")
        .stderr_has("2 artifacts of 2 packages confirmed");
    let program = app.path("target/debug/app");
    sandbox.run(&program, &app.root()).ok().stdout_has(CLEAN);
    // Intermediate artifacts have a folder of their own.
    assert!(app.path("target/provenance/debug/deps").is_dir());
    assert!(!app.path("target/debug/deps").exists());
    app.provenance(["run", "--quiet"]).ok().stdout_has(CLEAN);
    app.provenance(["test", "--quiet"]).ok().stdout_has("test result: ok");
    app.provenance(["clippy", "--quiet", "--", "-D", "warnings"]).ok();
    app.provenance(["exec", "--", "cargo", "check", "--quiet"]).ok();
    // Nothing is left to do the second time.
    let again = app.provenance(["build"]).ok();
    assert!(!again.stderr.contains("Compiling"), "{again}");
}

#[test]
fn drift_stops_it_before_anything_is_compiled() {
    let sandbox = Sandbox::new();
    let app = Project::app(&sandbox, "app").pinned();
    app.provenance(["build", "--quiet"]).ok();
    make_evil(&sandbox.source("victim-1.0.0"));
    for command in ["build", "run", "test", "bench", "clippy"] {
        let output = app
            .provenance([command])
            .run()
            .code(4)
            .stderr_has("source-differs")
            .stderr_has("nothing was compiled");
        assert!(!output.stderr.contains("Compiling"), "{output}");
        assert!(!output.stdout.contains(CLEAN), "{output}");
    }
    let exec = app.provenance(["exec", "--", "cargo", "--version"]).run().code(4);
    assert!(exec.stdout.is_empty(), "{exec}");
    make_clean(&sandbox.source("victim-1.0.0"));
    app.provenance(["build", "--quiet"]).ok();
}

#[test]
fn a_poisoned_target_directory_is_not_used() {
    let sandbox = Sandbox::new();
    let app = Project::app(&sandbox, "app").pinned();
    app.cargo(["fetch"]).ok();
    let source = sandbox.source("victim-1.0.0");
    make_evil(&source);
    app.says(EVIL);
    make_clean(&source);
    app.says(EVIL);
    app.provenance(["run", "--quiet"]).ok().stdout_has(CLEAN);
}

#[test]
fn what_was_compiled_under_other_pins_is_not_used() {
    let sandbox = Sandbox::new();
    let app = Project::app(&sandbox, "app").pinned();
    app.cargo(["fetch"]).ok();
    let source = sandbox.source("victim-1.0.0");
    let digest = || {
        let tree = provenance_build::tree::read(&source, provenance_build::tree::Layout::Registry);
        tree.expect("read").expect("a tree").digest().to_string()
    };
    let (lockfile, good) = (files::read(&app.path("Provenance.lock")), digest());
    // A branch that pins the thief's bytes under the same version.
    make_evil(&source);
    files::write(&app.path("Provenance.lock"), lockfile.replace(&good, &digest()));
    app.provenance(["run", "--quiet"]).ok().stdout_has(EVIL);

    make_clean(&source);
    files::write(&app.path("Provenance.lock"), &lockfile);
    app.provenance(["run"]).ok().stdout_has(CLEAN);
    let again = app.provenance(["build"]).ok();
    assert!(!again.stderr.contains("Compiling"), "{again}");
    // A build directory of which nobody knows how it came about is not used either.
    files::remove(&app.path("target/provenance/provenance-verified"));
    app.provenance(["build"]).ok().stderr_has("Forgetting").stderr_has("Compiling victim");
}

#[test]
fn a_source_that_changes_after_the_look_is_still_caught() {
    let sandbox = Sandbox::new();
    // The first package's build script changes the second one's source, as a malicious one could.
    sandbox.registry().publish(&Krate::greeting("victim", "1.0.0", CLEAN));
    let script = "fn main() {\n    let own = std::env::var(\"CARGO_MANIFEST_DIR\").unwrap();\n    \
                  let file = std::path::Path::new(&own).with_file_name(\"victim-1.0.0\").join(\"src/lib.rs\");\n    \
                  std::fs::write(file, \"pub fn greeting() -> &'static str { \\\"EVIL\\\" }\").unwrap();\n}\n";
    let mut manifest = tests::project::package("app", "first = \"1\"\nvictim = \"1\"");
    manifest.push_str("\n[profile.dev]\ndebug = 0\n");
    // Compiled in this order: `victim` needs `first`.
    sandbox.registry().publish(&Krate::new("first", "1.0.0").build_script(script));
    sandbox.registry().publish(&Krate::greeting("victim", "1.0.0", CLEAN).dependency("first", "1"));
    let app = Project::empty(&sandbox, "app")
        .with("Cargo.toml", &manifest)
        .with("src/main.rs", "fn main() { println!(\"{}\", victim::greeting()); }\n")
        .pinned();
    app.provenance(["run"]).run().code(101).stderr_has("`victim v1.0.0` differs from the manifest");
}

#[test]
fn programs_end_with_their_own_code() {
    let sandbox = Sandbox::new();
    let app =
        Project::app(&sandbox, "app").with("src/main.rs", "fn main() { std::process::exit(7) }\n").pinned();
    app.provenance(["run", "--", "--locked"]).run().code(7);
    app.provenance(["exec", "--", "sh", "-c", "exit 9"]).run().code(9);
    app.provenance(["exec", "--", "no-such-program"]).run().code(3).stderr_has("no-such-program");
    let app = app.with("src/main.rs", "fn main() { nonsense }\n");
    let output = app.provenance(["build"]).run().code(101).stderr_has("E0425");
    assert!(!output.stderr.contains("confirmed"), "{output}");
}

#[test]
fn arguments_reach_cargo_and_the_program() {
    let sandbox = Sandbox::new();
    let app = Project::app(&sandbox, "app")
        .with(
            "src/main.rs",
            "fn main() { println!(\"{:?}\", std::env::args().skip(1).collect::<Vec<_>>()) }\n",
        )
        .pinned();
    app.provenance(["run", "-q", "--", "-x", "--", "y"]).ok().stdout_has("[\"-x\", \"--\", \"y\"]");
    let target = sandbox.path("elsewhere");
    app.provenance(["build", "--quiet", "--release", "--target-dir"]).args([&target]).ok();
    assert!(target.join("release/app").is_file());
    assert!(target.join("provenance/release/deps").is_dir());
    app.provenance(["build", "--message-format", "json"]).ok().stdout_has("\"artifacts\":2");
    app.provenance(["build", "--release", "--message-format", "json"])
        .run()
        .code(2)
        .stderr_has("cargo provenance exec");
    // From elsewhere, by the manifest.
    let manifest = app.path("Cargo.toml");
    let outside = sandbox.provenance(sandbox.root()).args(["run", "-q", "--manifest-path"]).args([&manifest]);
    outside.args(["--", "z"]).ok().stdout_has("[\"z\"]");
}

#[test]
fn a_lockfile_that_does_not_follow_is_not_brought_in_line() {
    let sandbox = Sandbox::new();
    let app = Project::app(&sandbox, "app").pinned();
    sandbox.registry().publish(&Krate::new("other", "1.0.0"));
    files::replace(&app.path("Cargo.toml"), "victim = \"1\"", "victim = \"1\"\nother = \"1\"");
    let lockfile = files::read(&app.path("Cargo.lock"));
    app.provenance(["build"]).run().code(4);
    assert_eq!(files::read(&app.path("Cargo.lock")), lockfile);
}

/// The arrayref release whole, with a build script that leaves a mark: by every way that code comes to be compiled.
#[test]
fn the_payload_of_arrayref_never_runs() {
    let sandbox = Sandbox::new();
    let registry = sandbox.registry();
    registry.publish(&Krate::greeting("arrayref", "0.3.9", CLEAN));
    let app = |name| Project::greeter(&sandbox, name, "arrayref = \"0.3\"", "arrayref::greeting()");
    let plain = app("plain");
    plain.cargo(["generate-lockfile"]).ok();
    let guarded = app("guarded").guarded();
    guarded.commit("gated");
    let mark = sandbox.path("mark");
    let payload = Krate::new("proc-macro1", "1.0.107").build_script(&marking(&mark));
    registry.publish(&payload.published(Some(&minutes_ago(4))));
    let taken = Krate::greeting("arrayref", "0.3.10", CLEAN).dependency("proc-macro1", "1.0.107");
    registry.publish(&taken.published(Some(&minutes_ago(1))));
    registry.yank("arrayref", "0.3.9");

    plain.cargo(["update", "--quiet"]).ok();
    plain.cargo(["build", "--quiet"]).ok();
    assert!(mark.exists(), "the payload did not run");
    files::remove(&mark);

    guarded.provenance(["update"]).run().code_in(&[0, 1]);
    guarded.provenance(["add", "proc-macro1"]).run().code(1);
    guarded.provenance(["run", "--quiet"]).ok().stdout_has(CLEAN);
    assert!(!mark.exists());

    // By hand, past the tool: in the manifest, and in the lockfile.
    files::replace(&guarded.path("Cargo.toml"), "arrayref = \"0.3\"", "arrayref = \"0.3.10\"");
    guarded.cargo(["build"]).run().code(101).stderr_has("is not pinned");
    guarded.cargo(["update"]).ok();
    for command in ["build", "test", "check", "run"] {
        guarded.cargo([command]).run().code(101).stderr_has("is not pinned");
    }
    guarded.provenance(["build"]).run().code(4).stderr_has("proc-macro1");
    guarded.provenance(["exec", "--", "cargo", "build"]).run().code(4);
    assert!(!mark.exists());
}
