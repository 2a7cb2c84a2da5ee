//! The guard in the cargo configuration: what it stops that a build script cannot.

use std::path::Path;

use tests::files;
use tests::krate::greeting_macro_source;
use tests::project::{CLEAN, EVIL, make_clean, make_evil, package};
use tests::sandbox::GUARD;
use tests::{Krate, Project, Sandbox};

/// A build script that leaves a mark.
pub(crate) fn marking(mark: &Path) -> String {
    format!("fn main() {{ std::fs::write({mark:?}, \"\").unwrap(); }}\n")
}

/// Expects a build to be refused by the guard, which names `what`.
#[track_caller]
fn stopped(project: Project<'_>, what: &str) {
    for command in ["build", "check"] {
        let output = project.cargo([command]).run().code(101).stderr_has(what);
        // It is an error of the package, and the long command line is not shown.
        assert!(!output.stderr.contains("process didn't exit successfully"), "{output}");
    }
}

#[test]
fn edited_registry_source_is_not_compiled() {
    let sandbox = Sandbox::new();
    let plain = Project::app(&sandbox, "plain");
    let guarded = Project::app(&sandbox, "guarded").guarded();
    plain.cargo(["fetch"]).ok();
    guarded.is_clean();
    let source = sandbox.source("victim-1.0.0");

    make_evil(&source);
    plain.says(EVIL);
    // What was compiled before is what was verified, and cargo takes it.
    guarded.says(CLEAN);
    files::remove(&guarded.path("target"));
    stopped(guarded, "`victim v1.0.0` differs from the manifest");
    let left = files::list(&guarded.path("target"));
    assert!(!left.iter().any(|file| file.extension().is_some_and(|it| it == "rlib")), "{left:?}");

    make_clean(&source);
    guarded.is_clean();
}

#[test]
fn build_script_added_to_an_old_crate_does_not_run() {
    let sandbox = Sandbox::new();
    let plain = Project::app(&sandbox, "plain");
    let guarded = Project::app(&sandbox, "guarded").guarded();
    plain.cargo(["fetch"]).ok();
    let mark = sandbox.path("mark");
    let script = sandbox.source("victim-1.0.0").join("build.rs");
    files::write(&script, marking(&mark));

    plain.cargo(["build", "--quiet"]).ok();
    assert!(mark.exists(), "the build script did not run");
    files::remove(&mark);
    stopped(guarded, "victim v1.0.0");
    assert!(!mark.exists());
}

#[test]
fn edited_proc_macro_does_not_run() {
    let sandbox = Sandbox::new();
    sandbox.registry().publish(&Krate::greeting("victim", "1.0.0", CLEAN));
    let krate = Krate::new("victim-macro", "1.0.0").proc_macro().dependency("victim", "1");
    sandbox.registry().publish(&krate.file("src/lib.rs", &greeting_macro_source("victim")));
    let guarded =
        Project::greeter(&sandbox, "guarded", "victim-macro = \"1\"", "victim_macro::greeting!()").guarded();
    guarded.is_clean();
    files::remove(&guarded.path("target"));
    files::append(&sandbox.source("victim-macro-1.0.0").join("src/lib.rs"), "// more\n");
    stopped(guarded, "`victim-macro v1.0.0` differs");
}

#[test]
fn override_by_paths_and_by_configuration_on_the_command_line() {
    let sandbox = Sandbox::new();
    let plain = Project::app(&sandbox, "plain");
    let guarded = Project::app(&sandbox, "guarded").guarded();
    let copy = sandbox.path("copy");
    plain.cargo(["fetch"]).ok();
    files::copy(&sandbox.source("victim-1.0.0"), &copy);
    make_evil(&copy);
    let paths = format!("paths=[{:?}]", copy.display().to_string());
    plain.cargo(["run", "--quiet", "--config", &paths]).ok().stdout_has(EVIL);
    guarded.cargo(["build", "--config", &paths]).run().code(101).stderr_has("victim v1.0.0");

    // A copy of what is pinned is what is pinned.
    make_clean(&copy);
    files::remove(&copy.join(".cargo-ok"));
    guarded.cargo(["run", "--quiet", "--config", &paths]).ok().stdout_has(CLEAN);
}

#[test]
fn source_replacement_with_a_forged_directory() {
    let sandbox = Sandbox::new();
    let plain = Project::app(&sandbox, "plain");
    let guarded = Project::app(&sandbox, "guarded").guarded();
    plain.cargo(["vendor", "--quiet", "--respect-source-config", "--versioned-dirs", "../forged"]).ok();
    let forged = sandbox.path("forged/victim-1.0.0");
    make_evil(&forged);
    let sums = files::read(&forged.join(".cargo-checksum.json"));
    let package = sums.split("\"package\":").nth(1).expect("the checksum of the package");
    files::write(&forged.join(".cargo-checksum.json"), format!("{{\"files\":{{}},\"package\":{package}"));
    let folder = sandbox.path("forged");
    let arguments = [
        "--config".to_owned(),
        "source.crates-io.replace-with=\"forged\"".to_owned(),
        "--config".to_owned(),
        format!("source.forged.directory={:?}", folder.display().to_string()),
    ];
    plain.cargo(["run", "--quiet", "--locked"]).args(&arguments).ok().stdout_has(EVIL);
    guarded.cargo(["build", "--locked"]).args(&arguments).run().code(101).stderr_has("victim v1.0.0");
}

#[test]
fn artifacts_that_came_about_without_the_guard_are_not_used() {
    let sandbox = Sandbox::new();
    let guarded = Project::app(&sandbox, "guarded").guarded();
    guarded.is_clean();
    files::remove(&guarded.path("target"));
    let source = sandbox.source("victim-1.0.0");
    make_evil(&source);
    guarded.cargo(["run", "--quiet"]).env("RUSTC_WRAPPER", "").ok().stdout_has(EVIL);
    make_clean(&source);
    guarded.cargo(["run", "--quiet"]).env("RUSTC_WRAPPER", "").ok().stdout_has(EVIL);
    guarded.says(CLEAN);
}

#[test]
fn install_without_locked_does_not_compile_what_is_not_pinned() {
    let sandbox = Sandbox::new();
    let plain = Project::app(&sandbox, "plain");
    plain.cargo(["generate-lockfile"]).ok();
    let guarded = Project::app(&sandbox, "guarded").guarded();
    let mark = sandbox.path("mark");
    let newer = Krate::greeting("victim", "1.0.1", EVIL).build_script(&marking(&mark));
    sandbox.registry().publish(&newer);

    let install = |project: Project<'_>| {
        let root = sandbox.path("installed");
        project.cargo(["install", "--quiet", "--path", ".", "--root"]).args([&root])
    };
    install(plain).ok();
    assert!(mark.exists(), "cargo kept to the lockfile");
    files::remove(&mark);
    install(guarded).run().code(101).stderr_has("`victim v1.0.1` is not pinned").stderr_has("--locked");
    assert!(!mark.exists());
    install(guarded).args(["--locked", "--force"]).ok();
}

#[test]
fn package_that_includes_a_file_from_elsewhere() {
    let sandbox = Sandbox::new();
    let elsewhere = sandbox.path("elsewhere.rs");
    files::write(&elsewhere, format!("{CLEAN:?}"));
    let body = format!("pub fn greeting() -> &'static str {{ include!({elsewhere:?}) }}\n");
    sandbox.registry().publish(&Krate::new("victim", "1.0.0").file("src/lib.rs", &body));
    let project = |name| Project::greeter(&sandbox, name, "victim = \"1\"", "victim::greeting()");
    let plain = project("plain");
    let guarded = project("guarded").guarded();
    plain.says(CLEAN);
    stopped(guarded, "`victim v1.0.0` was compiled from more than its sources");
    // The next build does not take what the refused one left.
    stopped(guarded, "elsewhere.rs");
    // A package without a build script has no `OUT_DIR`, so that an entry of `[env]` gives it one.
    for setting in ["env.OUT_DIR.value=\"/\"", "env.OUT_DIR=\"/\""] {
        guarded.cargo(["build", "--config", setting]).run().code(101).stderr_has("elsewhere.rs");
    }
}

#[test]
fn member_that_includes_a_file_from_outside_the_workspace() {
    let sandbox = Sandbox::new();
    let elsewhere = sandbox.path("elsewhere.txt");
    files::write(&elsewhere, CLEAN);
    let guarded = Project::empty(&sandbox, "guarded")
        .with("Cargo.toml", &package("app", ""))
        .with("inside.txt", CLEAN)
        .with("src/main.rs", "fn main() { println!(\"{}\", include_str!(\"../inside.txt\")); }\n")
        .guarded();
    guarded.says(CLEAN);
    files::replace(&guarded.path("src/main.rs"), "../inside.txt", elsewhere.to_str().expect("UTF-8"));
    stopped(guarded, "that lies outside the workspace");
}

#[test]
fn what_a_build_script_generates_may_be_included() {
    let sandbox = Sandbox::new();
    let script = "fn main() {\n    let out = std::env::var(\"OUT_DIR\").unwrap();\n    \
                  std::fs::write(format!(\"{out}/text.rs\"), \"\\\"clean\\\"\").unwrap();\n}\n";
    let body = "pub fn greeting() -> &'static str { include!(concat!(env!(\"OUT_DIR\"), \"/text.rs\")) }\n";
    let krate = Krate::new("victim", "1.0.0").build_script(script).file("src/lib.rs", body);
    sandbox.registry().publish(&krate);
    let guarded = Project::greeter(&sandbox, "guarded", "victim = \"1\"", "victim::greeting()").guarded();
    guarded.is_clean();
    guarded.cargo(["test", "--quiet"]).ok();
    guarded.cargo(["clippy", "--quiet"]).ok();
}

#[test]
fn edited_git_checkout_is_not_compiled() {
    let sandbox = Sandbox::new();
    crate::git::repository(&sandbox);
    let guarded = crate::git::dependent(&sandbox, "guarded").guarded();
    guarded.cargo(["build", "--quiet"]).ok();
    // The checkout was hashed once, for all of its packages and their build scripts.
    let records = || files::list(&sandbox.cargo_home().join("provenance/guard")).len();
    assert_eq!(records(), 1);
    guarded.is_clean();
    files::remove(&guarded.path("target"));
    let checkouts = files::list(&sandbox.cargo_home().join("git/checkouts"));
    let shared = checkouts.iter().find(|it| it.ends_with("shared.txt")).expect("a checkout");
    // A file beside the package, which it could include.
    files::append(shared, "more\n");
    stopped(guarded, "`victim v0.1.0` differs from the manifest");
    // Of what was found in one build nothing counts in the next.
    files::write(shared, "shared\n");
    guarded.is_clean();
}

#[test]
fn vendored_packages_are_compared_with_what_vendoring_leaves() {
    let sandbox = Sandbox::new();
    let krate = Krate::greeting("victim", "1.0.0", CLEAN).file(".gitignore", "x\n");
    sandbox.registry().publish(&krate);
    let guarded = Project::greeter(&sandbox, "guarded", "victim = \"1\"", "victim::greeting()");
    guarded.cargo(["vendor", "--quiet", "--respect-source-config", "--versioned-dirs"]).ok();
    let guarded = guarded.with(
        ".cargo/config.toml",
        "[source.crates-io]\nreplace-with = \"vendored\"\n\n[source.vendored]\ndirectory = \"vendor\"\n",
    );
    let guarded = guarded.guarded();
    guarded.is_clean();
    files::remove(&guarded.path("target"));
    files::write(&guarded.path("vendor/victim-1.0.0/build.rs"), "fn main() {}\n");
    stopped(guarded, "victim v1.0.0");
}

#[test]
fn without_the_tool_every_command_fails_closed() {
    let sandbox = Sandbox::new();
    let guarded = Project::app(&sandbox, "guarded").guarded();
    let tools = sandbox.tools_without(&[]);
    for command in ["build", "check", "test"] {
        let output = guarded.cargo([command]).env("PATH", &tools).run().code(101);
        output.stderr_has(GUARD);
    }
    // The line that names it says how to get it.
    let configuration = files::read(&guarded.path(".cargo/config.toml"));
    assert!(configuration.contains("cargo install --locked cargo-provenance"), "{configuration}");
}

#[test]
fn a_compilation_that_says_nothing_of_what_it_read_is_refused() {
    let sandbox = Sandbox::new();
    let guarded = Project::app(&sandbox, "guarded").guarded();
    let call = |emit: &str| {
        let guard = sandbox.run(&sandbox.tools().join(GUARD), &guarded.root());
        let out = sandbox.path("out").display().to_string();
        let call =
            ["rustc", "--crate-name", "app", "--crate-type", "lib", "--out-dir", &out, emit, "src/lib.rs"];
        let call = guard.args(call).env("PROVENANCE_WORKSPACE", guarded.root());
        let call = call.env("CARGO_MANIFEST_DIR", guarded.root()).env("CARGO_CRATE_NAME", "app");
        call.env("CARGO_PKG_NAME", "app").env("CARGO_PKG_VERSION", "0.1.0").run()
    };
    files::write(&guarded.path("src/lib.rs"), "");
    std::fs::create_dir_all(sandbox.path("out")).expect("a directory");
    call("--emit=dep-info,metadata").code(0);
    call("--emit=metadata").code(1).stderr_has("rustc writes no dep-info");
}

#[test]
fn a_wrapper_that_does_not_know_its_workspace_refuses() {
    let sandbox = Sandbox::new();
    let plain = Project::app(&sandbox, "plain");
    plain
        .cargo(["build"])
        .env("RUSTC_WRAPPER", GUARD)
        .run()
        .code(101)
        .stderr_has("nothing says which workspace is built");
    // Another workspace's own entry counts there, wherever the wrapper was named.
    let guarded = Project::app(&sandbox, "guarded").guarded();
    guarded
        .cargo(["build", "--quiet"])
        .env("RUSTC_WRAPPER", GUARD)
        .env("PROVENANCE_WORKSPACE", plain.root())
        .ok();
    // Started elsewhere, cargo reads the configuration of the place it was started in: of a workspace that pins nothing of this.
    let manifest = plain.path("Cargo.toml");
    let foreign = guarded.cargo(["build", "--manifest-path"]).args([&manifest]).run();
    foreign.code(101).stderr_has("`app v0.1.0` is not pinned");
}

#[test]
fn entries_of_env_change_nothing_of_what_is_judged() {
    let sandbox = Sandbox::new();
    let guarded = Project::app(&sandbox, "guarded").guarded();
    guarded.is_clean();
    files::remove(&guarded.path("target"));
    let source = sandbox.source("victim-1.0.0");
    make_evil(&source);
    let root = guarded.root().display().to_string();
    for (name, value) in [
        ("CARGO_MANIFEST_DIR", root.as_str()),
        ("CARGO_PKG_NAME", "app"),
        ("CARGO_CRATE_NAME", ""),
        ("OUT_DIR", "/"),
    ] {
        let value = format!("env.{name}.value={value:?}");
        let force = format!("env.{name}.force=true");
        let output = guarded.cargo(["build", "--config", &value, "--config", &force]).run();
        output.code(101).stderr_has("victim v1.0.0");
    }
}

#[test]
fn another_wrapper_is_called_in_turn() {
    let sandbox = Sandbox::new();
    let log = sandbox.path("log");
    let wrapper = sandbox.path("guarded/tools/wrapper");
    files::script(&wrapper, &format!("echo \"$2\" >> {}\nexec \"$@\"\n", log.display()));
    let guarded = Project::app(&sandbox, "guarded")
        .with(".cargo/config.toml", "[build]\nrustc-wrapper = \"./tools/wrapper\"\n")
        .guarded();
    guarded.is_clean();
    assert!(files::read(&log).contains("-vV"), "the wrapper was not called");
    files::remove(&guarded.path("target"));
    make_evil(&sandbox.source("victim-1.0.0"));
    stopped(guarded, "victim v1.0.0");
}
