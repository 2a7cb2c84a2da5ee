//! Attacks on vendored sources: cargo believes an unsigned list that lies beside them.

use tests::files;
use tests::krate::sha256;
use tests::project::{CLEAN, EVIL, make_evil};
use tests::{Krate, Project, Sandbox};

/// Vendors the dependencies and commits to them.
pub(crate) fn vendor(project: Project<'_>) -> Project<'_> {
    project.cargo(["vendor", "--quiet", "--respect-source-config"]).ok();
    project.with(
        ".cargo/config.toml",
        "[source.crates-io]\nreplace-with = \"vendored-sources\"\n\n[source.vendored-sources]\ndirectory = \"vendor\"\n",
    )
}

/// The plain and the gated project, both vendored. The helper is vendored too, so that it is compiled once more.
fn pair(sandbox: &Sandbox) -> (Project<'_>, Project<'_>) {
    let plain = vendor(Project::app(sandbox, "plain"));
    let gated = Project::app(sandbox, "gated").gate();
    let gated = vendor(gated);
    gated.provenance(["pin"]).ok();
    gated.is_clean();
    gated.commit("gated");
    (plain, gated)
}

/// Makes cargo believe in what lies in a vendored package.
fn forge_list(project: Project<'_>) {
    let honest = sha256(&Krate::greeting("victim", "1.0.0", CLEAN).old_manifest().to_archive());
    let list = project.path("vendor/victim/.cargo-checksum.json");
    files::write(&list, format!("{{\"files\":{{}},\"package\":\"{honest}\"}}"));
}

/// `refuses`, but the vendored helper stays compiled.
fn refuses(gated: Project<'_>, what: &str) {
    gated.verify_finds(what);
    gated.build_refuses(what);
    gated.cargo(["clean", "--quiet", "--package", "app", "--package", "victim"]).ok();
    gated.build_refuses(what);
}

#[test]
fn edited_vendored_file_with_forged_checksums() {
    let sandbox = Sandbox::new();
    let (plain, gated) = pair(&sandbox);

    for project in [plain, gated] {
        make_evil(&project.path("vendor/victim"));
        forge_list(project);
    }
    plain.cargo(["run", "--quiet", "--frozen"]).ok().stdout_has(EVIL);
    refuses(gated, "victim");
    gated.provenance(["verify", "--full"]).run().code(4).stderr_has("victim");

    gated.restore();
    gated.is_clean();
}

/// What a pull request would hold: the digest that the tool itself reports, written into the pin.
fn edit_pin(gated: Project<'_>) {
    let manifest = files::read(&gated.path("Provenance.lock"));
    let entry = manifest.split("[[package]]").find(|it| it.contains("name = \"victim\"")).expect("a pin");
    let pinned = entry.split('"').find(|it| it.starts_with("b3:")).expect("a tree digest").to_owned();
    let refusal = gated.cargo(["build"]).run().fails();
    let mut digests = refusal.stderr.split(|it: char| !it.is_ascii_alphanumeric() && it != ':');
    let found =
        digests.find(|it| it.len() == 67 && it.starts_with("b3:") && *it != pinned).expect("what was found");
    files::replace(&gated.path("Provenance.lock"), &pinned, found);
}

#[test]
fn edited_vendored_file_with_its_pin_edited_too() {
    let sandbox = Sandbox::new();
    let (plain, gated) = pair(&sandbox);

    for project in [plain, gated] {
        make_evil(&project.path("vendor/victim"));
        forge_list(project);
    }
    plain.cargo(["run", "--quiet", "--frozen"]).ok().stdout_has(EVIL);
    edit_pin(gated);
    gated.provenance(["verify"]).ok();
    // A pin that changed under the same version is refused once, because of what was compiled before.
    gated.build_refuses("victim");
    gated.says(EVIL);

    gated.provenance(["verify", "--full"]).run().code(4).stderr_has("victim");

    gated.restore();
    gated.provenance(["verify", "--full"]).ok();
    gated.fresh_target();
    gated.is_clean();
}

/// A developer builds the branch of that pull request and goes back to the honest one, whose sources cargo does not look
/// at again.
#[test]
fn poisoned_artifact_of_a_vendored_crate_whose_pin_was_edited_too() {
    let sandbox = Sandbox::new();
    let (plain, gated) = pair(&sandbox);
    plain.commit("honest");

    for project in [plain, gated] {
        make_evil(&project.path("vendor/victim"));
        forge_list(project);
    }
    edit_pin(gated);
    plain.says(EVIL);
    // A pin that changed under the same version is refused once, because of what was compiled before.
    gated.build_refuses("victim");
    gated.says(EVIL);

    plain.restore();
    plain.says(EVIL);
    gated.restore();
    // To refuse once, and to be clean then, is as good as to be clean at once.
    let output = gated.cargo(["run", "--quiet"]).run();
    assert!(!output.stdout.contains(EVIL), "{output}");
    gated.is_clean();
}

#[test]
fn file_added_to_a_vendored_crate() {
    let sandbox = Sandbox::new();
    let (plain, gated) = pair(&sandbox);
    let mark = sandbox.path("mark");

    for project in [plain, gated] {
        let script = format!("fn main() {{ std::fs::write({mark:?}, \"\").unwrap(); }}");
        files::write(&project.path("vendor/victim/build.rs"), script);
    }
    plain.cargo(["build", "--quiet", "--frozen"]).ok();
    assert!(mark.exists(), "the build script did not run");
    refuses(gated, "victim");

    gated.restore();
    gated.is_clean();
}

#[test]
fn smuggled_file_of_a_name_that_vendoring_drops() {
    let sandbox = Sandbox::new();
    let (plain, gated) = pair(&sandbox);

    for project in [plain, gated] {
        files::write(
            &project.path("vendor/victim/.gitignore"),
            "pub fn greeting() -> &'static str { \"EVIL\" }",
        );
        files::write(&project.path("vendor/victim/src/lib.rs"), "include!(\"../.gitignore\");");
        forge_list(project);
    }
    plain.cargo(["run", "--quiet", "--frozen"]).ok().stdout_has(EVIL);
    refuses(gated, "victim");

    gated.git(["add", "--all", "--force"]).ok();
    gated.restore();
    gated.is_clean();
}

#[test]
fn vendoring_that_drops_files_verifies() {
    let sandbox = Sandbox::new();
    let published = Krate::greeting("victim", "1.0.0", CLEAN)
        .file(".gitignore", "target\n")
        .file("data/.gitattributes", "* text\n")
        .file(".github/workflow.yml", "on: push\n");
    sandbox.registry().publish(&published);
    let gated = Project::greeter(&sandbox, "gated", "victim = \"1\"", "victim::greeting()").gate();
    gated.is_clean();
    assert!(files::read(&gated.path("Provenance.lock")).contains("vendor-tree"));

    vendor(gated);
    gated.provenance(["pin"]).ok();
    assert!(!gated.path("vendor/victim/.gitignore").exists());
    gated.is_clean();
    gated.provenance(["verify", "--full"]).ok();
}

#[test]
fn repair_restores_a_vendored_file() {
    let sandbox = Sandbox::new();
    let (_, gated) = pair(&sandbox);

    make_evil(&gated.path("vendor/victim"));
    gated.verify_finds("victim");
    gated.provenance(["verify", "--repair"]).ok();
    gated.is_clean();
    let changed = gated.git(["status", "--porcelain", "--", "vendor"]).ok();
    assert_eq!(changed.stdout, "", "{changed}");
}
