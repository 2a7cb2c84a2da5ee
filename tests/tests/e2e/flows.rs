//! What a team does with it from the first day on.

use tests::files;
use tests::krate::greeting_source;
use tests::project::{CLEAN, make_clean, make_evil, refused};
use tests::{Krate, Project, Sandbox, helper};

/// A virtual workspace: `crates/app` prints what `crates/part` got from `victim`, versions are inherited.
pub(crate) fn inheriting<'sandbox>(sandbox: &'sandbox Sandbox, name: &'sandbox str) -> Project<'sandbox> {
    sandbox.registry().publish(&Krate::greeting("victim", "1.0.0", CLEAN).old_manifest());
    Project::empty(sandbox, name)
        .with(
            "Cargo.toml",
            "[workspace]\nresolver = \"3\"\nmembers = [\"crates/*\"]\n\n[workspace.package]\nversion = \"0.1.0\"\nedition = \"2024\"\n\
             license = \"MIT\"\n\n[workspace.dependencies]\nvictim = \"1\"\npart = { version = \"0.1.0\", path = \"crates/part\" }\n",
        )
        .with(
            "crates/app/Cargo.toml",
            "[package]\nname = \"app\"\nversion.workspace = true\nedition.workspace = true\nlicense.workspace = true\n\n[dependencies]\npart.workspace = true\n",
        )
        .with("crates/app/src/main.rs", "fn main() {\n    println!(\"{}\", part::greeting());\n}\n")
        .with(
            "crates/part/Cargo.toml",
            "[package]\nname = \"part\"\nversion.workspace = true\nedition.workspace = true\nlicense.workspace = true\n\n[dependencies]\nvictim.workspace = true\n",
        )
        .with("crates/part/src/lib.rs", "pub fn greeting() -> &'static str {\n    victim::greeting()\n}\n")
}

#[test]
fn a_single_package_from_init_to_repair() {
    let sandbox = Sandbox::new();
    sandbox.registry().publish(&Krate::greeting("newcomer", "1.0.0", CLEAN));
    let app = Project::app(&sandbox, "app");
    sandbox.seed_target(&app.path("target"));
    app.cargo(["generate-lockfile"]).ok();
    let before = files::read(&app.path("Cargo.toml"));

    let output = app.init([]).code(0);
    assert!(output.stderr.contains("app"), "{output}");
    let manifest = files::read(&app.path("Cargo.toml"));
    assert!(manifest.starts_with(&before), "more than the build-dependency was touched:\n{manifest}");
    assert!(manifest.contains("[build-dependencies]"), "{manifest}");
    let script = files::read(&app.path("build.rs"));
    assert!(script.contains("provenance_build::enforce();"), "{script}");
    let attributes = files::read(&app.path(".gitattributes"));
    assert!(attributes.contains("Provenance.* -text"), "{attributes}");
    let policy = files::read(&app.path("Provenance.toml"));
    assert!(policy.contains("version = 1") && policy.contains("MIT") && policy.contains('#'), "{policy}");
    let pins = files::read(&app.path("Provenance.lock"));
    assert!(pins.contains("basis = \"baseline\""), "{pins}");
    app.is_clean();
    app.provenance(["verify", "--full"]).ok();
    app.provenance(["verify", "--complete"]).run().code_in(&[0, 3]);
    app.provenance(["diff"]).ok();

    app.init([]).code(0).stderr_has("nothing was changed");
    app.provenance(["init"]).run().code(2).stderr_has("cargo provenance pin");
    app.provenance(["add", "newcomer"]).ok();
    app.is_clean();

    make_evil(&sandbox.source("victim-1.0.0"));
    app.refuses("victim");
    app.provenance(["diff", "victim"]).run().code(4).stdout_has("EVIL").stdout_lacks("newcomer");
    app.provenance(["verify", "--repair"]).ok();
    app.is_clean();
}

#[test]
fn init_leaves_an_existing_build_script_alone_and_shows_the_line() {
    let sandbox = Sandbox::new();
    let app = Project::app(&sandbox, "app")
        .with("build.rs", "fn main() {\n    println!(\"cargo::rustc-cfg=mine\");\n}\n");
    app.cargo(["generate-lockfile"]).ok();
    let before = files::read(&app.path("build.rs"));
    app.init([]).code(0).stderr_has("provenance_build::enforce();");
    assert_eq!(before, files::read(&app.path("build.rs")));
}

#[test]
fn a_virtual_workspace_with_inheritance() {
    let sandbox = Sandbox::new();
    let gated = inheriting(&sandbox, "gated").gate();
    gated.is_clean();
    assert!(gated.path("crates/app/build.rs").exists());
    // The library has no gate of its own, which is said.
    make_evil(&sandbox.source("victim-1.0.0"));
    gated.refuses("victim");
    refused(gated.cargo(["build"]).directory(&gated.path("crates/app")), "victim");
    let manifest = gated.path("crates/app/Cargo.toml");
    refused(sandbox.cargo(&sandbox.path("")).args(["build", "--manifest-path"]).args([&manifest]), "victim");
    sandbox.provenance(&gated.path("crates/app")).args(["verify"]).run().code(4).stderr_has("victim");
    let run = sandbox.provenance(&sandbox.path("")).args(["verify", "--manifest-path"]).args([&manifest]);
    run.run().code(4).stderr_has("victim");

    make_clean(&sandbox.source("victim-1.0.0"));
    gated.is_clean();
}

#[test]
fn a_guard_package_for_all_members() {
    let sandbox = Sandbox::new();
    let gated = inheriting(&sandbox, "gated");
    sandbox.seed_target(&gated.path("target"));
    gated.cargo(["generate-lockfile"]).ok();
    let helper = sandbox.helper().to_str().expect("UTF-8");
    gated.provenance(["init", "--build-helper=guard", "--helper-path", helper]).ok();
    gated.is_clean();

    make_evil(&sandbox.source("victim-1.0.0"));
    gated.refuses("victim");
    // Members that make no binary are held back as well.
    refused(gated.cargo(["build", "--package", "part"]), "victim");

    make_clean(&sandbox.source("victim-1.0.0"));
    gated.is_clean();
}

#[test]
fn a_vendored_workspace() {
    let sandbox = Sandbox::new();
    let app = Project::app(&sandbox, "app");
    let helper = sandbox.helper().display();
    files::append(
        &app.path("Cargo.toml"),
        &format!("\n[build-dependencies]\nprovenance-build = {{ path = \"{helper}\" }}\n"),
    );
    let app = app.with("build.rs", "fn main() {\n    provenance_build::enforce();\n}\n");
    let app = crate::vendor::vendor(app);
    app.provenance(["init"]).ok();
    let pins = files::read(&app.path("Provenance.lock"));
    assert!(pins.contains("source.crates-io.replace-with"), "{pins}");
    app.is_clean();
    app.provenance(["verify", "--full"]).ok();
    app.commit("gated");
    // On a machine that never downloaded anything.
    files::remove(&sandbox.cargo_home().join("registry"));
    sandbox.registry().forget_requests();
    app.provenance(["verify"]).ok();
    app.cargo(["clean", "--quiet"]).ok();
    app.says(CLEAN);
    assert_eq!(sandbox.registry().requests(), Vec::<String>::new());
}

#[test]
fn a_git_dependency() {
    let sandbox = Sandbox::new();
    let origin = crate::git::repository(&sandbox);
    let gated = crate::git::dependent(&sandbox, "gated").gate();
    gated.is_clean();
    gated.provenance(["verify", "--full"]).ok();

    files::append(&origin.path("crates/victim/src/lib.rs"), "// second\n");
    origin.commit("second");
    gated.cargo(["update", "--quiet", "victim"]).ok();
    gated.refuses("victim");
    // A branch can be moved to any commit.
    gated.provenance(["pin"]).run().code(1).stderr_has("git-dependency-mutable");
    let gated = gated.policy("[checks]\ngit-dependency-mutable = \"note\"");
    gated.is_clean();
}

#[test]
fn a_vendored_git_dependency() {
    let sandbox = Sandbox::new();
    crate::git::repository(&sandbox);
    let gated = crate::git::dependent(&sandbox, "gated").gate();
    gated.is_clean();
    let printed = gated.cargo(["vendor", "--respect-source-config"]).ok().stdout;
    files::write(&gated.path(".cargo/config.toml"), printed);
    gated.provenance(["pin"]).ok();
    gated.is_clean();
    gated.commit("gated");

    make_evil(&gated.path("vendor/victim"));
    files::write(&gated.path("vendor/victim/.cargo-checksum.json"), "{\"files\":{},\"package\":null}");
    gated.says_evil_without_the_gate();
    gated.verify_finds("victim");
    gated.build_refuses("victim");

    gated.restore();
    gated.is_clean();
}

#[test]
fn an_alternative_registry() {
    let sandbox = Sandbox::new();
    sandbox.alternative().publish(&Krate::greeting("victim", "1.0.0", CLEAN));
    let line = "victim = { version = \"1\", registry = \"test\" }";
    let make = |name| Project::greeter(&sandbox, name, line, "victim::greeting()");
    let plain = make("plain");
    let gated = make("gated").gate();
    gated.is_clean();
    gated.provenance(["verify", "--full"]).ok();
    let policy = files::read(&gated.path("Provenance.toml"));
    assert!(policy.contains(&sandbox.alternative().index()), "{policy}");

    make_evil(&sandbox.source("victim-1.0.0"));
    plain.says(tests::project::EVIL);
    gated.refuses("victim");
    gated.provenance(["verify", "--repair"]).ok();
    gated.is_clean();
}

#[test]
fn two_versions_of_one_crate() {
    let sandbox = Sandbox::new();
    sandbox.registry().publish(&Krate::greeting("victim", "2.0.0", CLEAN));
    sandbox.registry().publish(&Krate::greeting("victim", "1.0.0", CLEAN));
    let line = "victim = \"1\"\nnewer = { version = \"2\", package = \"victim\" }";
    let gated =
        Project::greeter(&sandbox, "gated", line, "victim::greeting().to_owned() + newer::greeting()").gate();
    gated.is_clean();

    make_evil(&sandbox.source("victim-2.0.0"));
    gated.refuses("2.0.0");
    gated.provenance(["verify"]).run().code(4).stderr_lacks("victim v1.0.0");
    gated.provenance(["verify", "--repair"]).ok();
    gated.is_clean();
}

#[test]
fn cargo_package_of_a_gated_member_builds() {
    let sandbox = Sandbox::new();
    sandbox.registry().publish(&helper::krate());
    let app = carrier(&sandbox, "app");
    app.provenance(["init"]).ok();
    app.is_clean();
    app.commit("gated");
    app.cargo(["package", "--quiet"]).ok();

    let inheriting = inheriting(&sandbox, "workspace");
    let manifest = inheriting.path("crates/part/Cargo.toml");
    files::append(&manifest, "\n[build-dependencies]\nprovenance-build = \"0.1.0\"\n");
    let part = inheriting.with("crates/part/build.rs", "fn main() {\n    provenance_build::enforce();\n}\n");
    part.cargo(["generate-lockfile"]).ok();
    part.provenance(["init"]).ok();
    share_compiled(app, part);
    part.is_clean();
    part.commit("gated");
    part.cargo(["package", "--quiet", "--package", "part"]).ok();
}

/// What both need of registries, the published helper above all, is not compiled a second time.
fn share_compiled(from: Project<'_>, to: Project<'_>) {
    files::copy(&from.path("target/debug"), &to.path("target/debug"));
}

/// A binary package that carries the published helper.
fn carrier<'sandbox>(sandbox: &'sandbox Sandbox, name: &'sandbox str) -> Project<'sandbox> {
    sandbox.registry().publish(&helper::krate());
    let app =
        Project::app(sandbox, name).with("build.rs", "fn main() {\n    provenance_build::enforce();\n}\n");
    files::append(&app.path("Cargo.toml"), "\n[build-dependencies]\nprovenance-build = \"0.1.0\"\n");
    app.cargo(["generate-lockfile"]).ok();
    app
}

#[test]
fn cargo_install_from_a_git_checkout_of_a_gated_workspace() {
    let sandbox = Sandbox::new();
    let app = carrier(&sandbox, "app");
    app.provenance(["init"]).ok();
    app.commit("gated");
    let url = format!("file://{}", app.root().display());
    let root = sandbox.path("installed");
    for locked in [&["--locked"][..], &[]] {
        let run =
            sandbox.cargo(&sandbox.path("")).args(["install", "--quiet", "--force", "--git", &url, "--root"]);
        run.args([&root]).args(locked).ok();
        sandbox.run(&root.join("bin/app"), &root).ok().stdout_has(CLEAN);
    }
}

#[test]
fn cargo_install_from_the_registry_of_something_that_carries_the_helper() {
    let sandbox = Sandbox::new();
    sandbox.registry().publish(&helper::krate());
    sandbox.registry().publish(&Krate::greeting("victim", "1.0.0", CLEAN));
    let published = Krate::new("carrier", "1.0.0")
        .binary("fn main() { println!(\"{}\", victim::greeting()) }")
        .build_script("fn main() {\n    provenance_build::enforce();\n}\n")
        .dependency("victim", "1")
        .build_dependency("provenance-build", "0.1.0");
    sandbox.registry().publish(&published);
    let root = sandbox.path("installed");
    let run = sandbox.cargo(&sandbox.path("")).args(["install", "--quiet", "carrier", "--root"]);
    let output = run.args([&root]).ok();
    assert!(!output.stderr.contains("warning"), "{output}");
    sandbox.run(&root.join("bin/carrier"), &root).ok().stdout_has(CLEAN);
}

#[test]
fn a_dependency_that_carries_the_helper_is_left_alone() {
    let sandbox = Sandbox::new();
    sandbox.registry().publish(&helper::krate());
    sandbox.registry().publish(
        &Krate::greeting("carrier", "1.0.0", CLEAN)
            .build_script("fn main() {\n    provenance_build::enforce();\n}\n")
            .build_dependency("provenance-build", "0.1.0"),
    );
    // From a registry, in a workspace without a gate.
    let plain = Project::greeter(&sandbox, "plain", "carrier = \"1\"", "carrier::greeting()");
    plain.says(CLEAN);
    // From the neighborhood, which is gated itself, edited sources and all.
    let neighbor = carrier(&sandbox, "neighbor");
    files::write(&neighbor.path("src/lib.rs"), greeting_source(CLEAN));
    files::replace(&neighbor.path("Cargo.toml"), "name = \"app\"", "name = \"neighbor\"");
    neighbor.cargo(["generate-lockfile"]).ok();
    neighbor.provenance(["init"]).ok();
    let line = "neighbor.path = \"../neighbor\"";
    let dependent = Project::greeter(&sandbox, "dependent", line, "neighbor::greeting()");
    share_compiled(plain, dependent);
    dependent.says(CLEAN);
}

#[test]
fn a_package_that_is_built_from_its_archive_alone() {
    let sandbox = Sandbox::new();
    let app = carrier(&sandbox, "app");
    app.provenance(["init"]).ok();
    app.commit("gated");
    app.cargo(["package", "--quiet", "--no-verify"]).ok();
    let archive = app.path("target/package/app-0.1.0.crate");
    let unpacked = sandbox.path("unpacked");
    std::fs::create_dir_all(&unpacked).expect("a directory");
    let reader = flate2::read::GzDecoder::new(std::fs::File::open(&archive).expect("an archive"));
    tar::Archive::new(reader).unpack(&unpacked).expect("an archive of cargo");
    sandbox.cargo(&unpacked.join("app-0.1.0")).args(["run", "--quiet"]).ok().stdout_has(CLEAN);
}
