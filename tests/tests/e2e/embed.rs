//! What a binary says of itself: written by the build helper, read by this tool and by programs of other people.

use std::path::{Path, PathBuf};

use cargo_provenance::artifact::{self, ArtifactError, Embedded, EmbeddedKind, EmbeddedSource};
use serde_json::{Value, json};
use tests::files;
use tests::krate::{greeting_macro_source, sha256};
use tests::project::CLEAN;
use tests::{Krate, Output, Project, Sandbox, guide, peer, shared_verifier};

use crate::signing::{LOCK, key, sign};

const INCLUDE: &str = "include!(concat!(env!(\"OUT_DIR\"), \"/provenance_embed.rs\"));";

/// Nothing in the binary uses what is included, and no lint but `unsafe_code` at `forbid` minds it.
const MAIN: &str = "#![deny(unsafe_code, unused, warnings, clippy::all, clippy::pedantic)]\n";

/// An app with a dependency of each kind behind the gate, whose build helper checks signatures.
fn app(sandbox: &Sandbox) -> Project<'_> {
    let macros = Krate::new("macros", "1.0.0").proc_macro().dependency("victim", "1");
    for krate in [
        Krate::greeting("victim", "1.0.0", CLEAN),
        Krate::greeting("in-tests", "1.0.0", CLEAN),
        Krate::greeting("in-build", "1.0.0", CLEAN).dependency("only-there", "1"),
        Krate::greeting("only-there", "1.0.0", CLEAN),
        macros.file("src/lib.rs", &greeting_macro_source("victim")),
    ] {
        sandbox.registry().publish(&krate);
    }
    let app = Project::greeter(sandbox, "app", "victim = \"1\"\nmacros = \"1\"", "victim::greeting()");
    files::append(
        &app.path("Cargo.toml"),
        "\n[dev-dependencies]\nin-tests = \"1\"\n\n[profile.release]\nlto = \"fat\"\nstrip = true\npanic = \"abort\"\n",
    );
    let app = app.with_signatures();
    files::append(&app.path("Cargo.toml"), "in-build = \"1\"\n");
    sandbox.seed_target(&app.path("target"));
    app.cargo(["generate-lockfile"]).ok();
    app
}

fn binary(app: Project<'_>, profile: &str) -> PathBuf {
    app.path(&format!("target/{profile}/app{}", std::env::consts::EXE_SUFFIX))
}

fn read(file: &Path) -> Embedded {
    artifact::read(&std::fs::read(file).expect("a binary"))
        .unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}

/// `name kind source` of what is not there for the helper's sake.
fn listed(embedded: &Embedded) -> Vec<String> {
    let ours = ["app", "victim", "macros", "in-tests", "in-build", "only-there", "provenance-build"];
    let ours = embedded.packages.iter().filter(|package| ours.contains(&package.name.as_str()));
    let shown = ours.map(|package| {
        let kind = if package.kind == EmbeddedKind::Build { "build" } else { "runtime" };
        format!("{} {} {kind} {}", package.name, package.version, package.source.as_str())
    });
    shown.collect()
}

/// The list as rust-audit-info shows it, which demands that it is one without circles.
fn audit_info(sandbox: &Sandbox, file: &Path) -> Option<Value> {
    let output = peer(sandbox, "rust-audit-info")?.args([file]).ok();
    Some(serde_json::from_str(&output.stdout).expect("JSON"))
}

/// Expects that both readers read the same.
fn agrees(sandbox: &Sandbox, file: &Path) {
    let Some(theirs) = audit_info(sandbox, file) else { return };
    let ours = read(file).packages;
    let ours = ours.iter().map(|package| {
        let mut value = json!({
            "name": package.name.as_str(), "version": package.version.as_str(), "source": package.source.as_str(),
        });
        if package.kind == EmbeddedKind::Build {
            value["kind"] = json!("build");
        }
        if !package.dependencies.is_empty() {
            value["dependencies"] = json!(package.dependencies);
        }
        if package.root {
            value["root"] = json!(true);
        }
        value
    });
    assert_eq!(theirs["packages"], Value::Array(ours.collect()));
}

/// What cargo-audit finds in a binary, where it and its database are at hand.
#[expect(clippy::print_stderr, reason = "a test that judges nothing must say so")]
fn cargo_audit(sandbox: &Sandbox, file: &Path) -> Option<Output> {
    let program = PathBuf::from(std::env::var_os("PROVENANCE_PEERS")?).join("bin/cargo-audit");
    let database = PathBuf::from(std::env::var_os("PROVENANCE_TEST_DATA")?).join("advisory-db");
    if !program.exists() {
        eprintln!("SKIPPED: PROVENANCE_PEERS has no `cargo-audit`, which was not asked");
        return None;
    }
    let run = sandbox.run(&program, sandbox.root()).args(["audit", "--no-fetch", "--stale", "--db"]);
    Some(run.args([&database]).args(["bin"]).args([file]).run())
}

#[test]
fn a_binary_says_what_it_is_built_from() {
    let sandbox = Sandbox::new();
    let app = app(&sandbox);
    // The code is the user's: the line is shown, and added by nobody else.
    let main = files::read(&app.path("src/main.rs"));
    app.init(["--embed"]).code(0).stderr_has("[not-embedded]").stderr_has(INCLUDE);
    assert_eq!(files::read(&app.path("src/main.rs")), main);
    files::write(&app.path("src/main.rs"), format!("{MAIN}{INCLUDE}\n{main}"));
    app.init(["--embed"]).code(0).stderr_lacks("[not-embedded]").stderr_has("nothing was changed");

    app.says(CLEAN);
    let dev = read(&binary(app, "debug"));
    let expected = [
        "app 0.1.0 runtime local",
        "in-build 1.0.0 build crates.io",
        "macros 1.0.0 build crates.io",
        "only-there 1.0.0 build crates.io",
        "provenance-build 0.1.0 build local",
        "victim 1.0.0 runtime crates.io",
    ];
    assert_eq!(listed(&dev), expected);
    let root = dev.root().expect("a root");
    assert_eq!(root.name.as_str(), "app");
    assert!(root.dependencies.iter().all(|at| dev.packages[*at].name.as_str() != "in-tests"));
    agrees(&sandbox, &binary(app, "debug"));

    // The pins are those of the manifest, whose digest is that of the file; nobody signed it.
    let section = dev.provenance.as_ref().expect("pins");
    let lock = files::read(&app.path(LOCK));
    assert_eq!(section.manifest.hex(), sha256(lock.as_bytes()));
    assert_eq!(section.keys, [] as [&str; 0]);
    for package in dev.packages.iter().filter(|package| package.source == EmbeddedSource::CratesIo) {
        let pin = dev.pin_of(package).unwrap_or_else(|| panic!("`{}` has no pin", package.name));
        let entry = lock.split("[[package]]").find(|entry| {
            entry.contains(&format!("name = \"{}\"\nversion = \"{}\"\n", pin.name, pin.version))
        });
        let entry = entry.expect("an entry");
        assert!(entry.contains(&pin.tree.to_string()), "{entry}");
        assert!(entry.contains(&pin.checksum.expect("a checksum").to_string()), "{entry}");
    }

    // A key of the policy signs, though none has to; and the sections get through everything that makes a binary small.
    let (file, line) = key(app, "ours");
    app.policy(&format!("[signing]\nkeys = [{line:?}]"));
    sign(app, &file);
    app.cargo(["build", "--release"]).ok();
    let release = read(&binary(app, "release"));
    assert_eq!(listed(&release), expected);
    let section = release.provenance.expect("pins");
    assert_eq!(section.manifest.hex(), sha256(files::read(&app.path(LOCK)).as_bytes()));
    let shown = app.provenance(["verify", "-v"]).ok();
    assert_eq!(section.keys.len(), 1);
    assert!(shown.stderr.contains(&section.keys[0]), "{}: {shown}", section.keys[0]);
    agrees(&sandbox, &binary(app, "release"));
    // Its bill is as the guide shows it.
    let commands = guide("sbom");
    let command = commands.iter().find(|command| command.contains("--binary")).expect("a command");
    app.provenance([]).args(command.split(' ')).ok();
    if let Some(judge) = shared_verifier(&sandbox, "validate_cdx.py") {
        judge.args([app.path("deployed.cdx.json")]).args(["--rust"]).ok();
    }
    let bill = files::read(&app.path("deployed.cdx.json"));
    for listed in ["pkg:cargo/victim@1.0.0", "\"phase\": \"post-build\""] {
        assert!(bill.contains(listed), "{listed}: {bill}");
    }
    if let Some(output) = cargo_audit(&sandbox, &binary(app, "release")) {
        output.code(0).stderr_has("Found 'cargo auditable' data");
    }
    // A key that the policy does not name signs nothing.
    let (evil, _) = key(app, "evil");
    files::remove(&app.path("Provenance.lock.sig"));
    sign(app, &evil);
    app.cargo(["build"]).ok();
    assert_eq!(read(&binary(app, "debug")).provenance.expect("pins").keys, [] as [&str; 0]);

    // Another lockfile is another list.
    sandbox.registry().publish(&Krate::greeting("victim", "1.0.1", CLEAN));
    app.provenance(["update"]).ok();
    app.says(CLEAN);
    assert!(listed(&read(&binary(app, "debug"))).contains(&"victim 1.0.1 runtime crates.io".to_owned()));

    has_one_list_whoever_writes_it(app);
    says_nothing_when_installed_by_somebody(app);
}

/// Cargo-auditable writes a list of its own, and then the helper writes none.
fn has_one_list_whoever_writes_it(app: Project<'_>) {
    let sandbox = app.sandbox();
    let file = binary(app, "debug");
    let ours = read(&file);
    assert!(ours.provenance.is_some());
    let Some(auditable) = peer(sandbox, "cargo-auditable") else { return };
    auditable.args(["auditable", "build"]).directory(&app.root()).ok();
    let theirs = read(&file);
    assert_eq!(theirs.provenance, None);
    agrees(sandbox, &file);
    // Everything that cargo itself says is in the binary is in our list, and of the same kind.
    for package in listed(&theirs) {
        assert!(listed(&ours).contains(&package), "{package} is missing: {:?}", listed(&ours));
    }
    app.cargo(["build"]).ok();
    assert_eq!(read(&file), ours);
}

/// Installed from a registry there is no manifest to speak of: the included file is there, and empty.
fn says_nothing_when_installed_by_somebody(app: Project<'_>) {
    let sandbox = app.sandbox();
    sandbox.registry().publish(&tests::helper::krate());
    let carrier = Krate::new("carrier", "1.0.0")
        .build_dependency("provenance-build", "*")
        .build_script("fn main() {\n    provenance_build::Enforcer::new().embed().enforce();\n}\n")
        .binary(&format!("{INCLUDE}\nfn main() {{ println!(\"{CLEAN}\"); }}\n"));
    sandbox.registry().publish(&carrier);
    let (root, target) = (sandbox.path("installed"), app.path("target"));
    let run = sandbox.cargo(&sandbox.path("")).args(["install", "--quiet", "--debug", "carrier", "--root"]);
    run.args([&root]).args(["--target-dir"]).args([&target]).ok();
    let file = root.join(format!("bin/carrier{}", std::env::consts::EXE_SUFFIX));
    sandbox.run(&file, sandbox.root()).ok().stdout_has(CLEAN);
    let found = artifact::read(&std::fs::read(&file).expect("a binary"));
    assert!(matches!(found, Err(ArtifactError::NoSection(_))), "{found:?}");
}

#[test]
fn only_a_binary_of_its_own_build_script_can_say_it() {
    let sandbox = Sandbox::new();
    let app = Project::app(&sandbox, "app");
    app.cargo(["generate-lockfile"]).ok();
    let helper = sandbox.helper().to_str().expect("UTF-8");
    let run = app.provenance(["init", "--build-helper=guard", "--embed", "--helper-path", helper]);
    run.run()
        .code(2)
        .stderr_has("a build script of its own")
        .stderr_has("`--build-helper=binaries` with `--embed`");
    app.provenance(["init", "--embed"]).run().code(2).stderr_has("--build-helper");
    // Where a build script calls the helper already, what to write there is shown.
    app.init([]).code(0);
    app.init(["--embed"])
        .code(0)
        .stderr_has("in `build.rs`, write `provenance_build::Enforcer::new().embed().enforce();`");
}
