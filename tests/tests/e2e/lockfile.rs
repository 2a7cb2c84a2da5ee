//! Attacks that change what `Cargo.lock` says.

use tests::files;
use tests::project::{CLEAN, EVIL};
use tests::{Krate, Project, Sandbox};

#[test]
fn hand_edited_lockfile_with_another_version() {
    let sandbox = Sandbox::new();
    let plain = Project::app(&sandbox, "plain");
    let gated = Project::app(&sandbox, "gated").gate();
    plain.cargo(["generate-lockfile"]).ok();
    gated.is_clean();
    gated.commit("gated");
    let honest = Krate::greeting("victim", "1.0.0", CLEAN).old_manifest().to_archive();
    let honest = tests::krate::sha256(&honest);
    let evil = sandbox.registry().publish(&Krate::greeting("victim", "1.0.1", EVIL));

    for project in [plain, gated] {
        let lock = project.path("Cargo.lock");
        files::replace(
            &lock,
            "name = \"victim\"\nversion = \"1.0.0\"",
            "name = \"victim\"\nversion = \"1.0.1\"",
        );
        files::replace(&lock, &honest, &evil);
    }
    plain.cargo(["run", "--quiet", "--locked"]).ok().stdout_has(EVIL);
    gated.refuses("victim");

    gated.restore();
    gated.is_clean();
}

#[test]
fn hand_edited_lockfile_with_another_checksum() {
    let sandbox = Sandbox::new();
    let plain = Project::app(&sandbox, "plain");
    let gated = Project::app(&sandbox, "gated").gate();
    plain.cargo(["generate-lockfile"]).ok();
    gated.is_clean();
    gated.commit("gated");
    let honest = Krate::greeting("victim", "1.0.0", CLEAN).old_manifest();
    let honest_sum = sandbox.registry().publish(&honest);
    let evil_sum = sandbox.registry().publish(&Krate::greeting("victim", "1.0.0", EVIL));
    // A registry that serves other bytes, to a machine that has not seen the package yet.
    let forget =
        || ["index", "cache", "src"].map(|it| files::remove(&sandbox.cargo_home().join("registry").join(it)));
    forget();

    for project in [plain, gated] {
        files::replace(&project.path("Cargo.lock"), &honest_sum, &evil_sum);
    }
    gated.verify_finds("victim");
    plain.cargo(["run", "--quiet", "--locked"]).ok().stdout_has(EVIL);
    gated.refuses("victim");

    gated.restore();
    sandbox.registry().publish(&honest);
    forget();
    gated.cargo(["fetch"]).ok();
    gated.is_clean();
}

#[test]
fn a_dependency_that_was_added_to_manifest_and_lockfile() {
    let sandbox = Sandbox::new();
    sandbox.registry().publish(&Krate::greeting("newcomer", "1.0.0", EVIL));
    let plain = Project::app(&sandbox, "plain");
    let gated = Project::app(&sandbox, "gated").gate();
    gated.is_clean();
    gated.commit("gated");

    for project in [plain, gated] {
        files::replace(&project.path("Cargo.toml"), "victim = \"1\"", "victim = \"1\"\nnewcomer = \"1\"");
        files::replace(&project.path("src/main.rs"), "victim::", "newcomer::");
    }
    plain.says(EVIL);
    gated.build_refuses("newcomer");
    gated.refuses("newcomer");

    gated.restore();
    gated.is_clean();
}

#[test]
fn an_alternative_lockfile_path() {
    let sandbox = Sandbox::new();
    let gated = Project::app(&sandbox, "gated").gate();
    gated.is_clean();
    let evil = sandbox.registry().publish(&Krate::greeting("victim", "1.0.1", EVIL));
    let other = files::read(&gated.path("Cargo.lock"));
    let honest = sandbox.registry();
    let honest = honest.publish(&Krate::greeting("victim", "1.0.0", CLEAN).old_manifest());
    let other = other
        .replace("name = \"victim\"\nversion = \"1.0.0\"", "name = \"victim\"\nversion = \"1.0.1\"")
        .replace(&honest, &evil);
    files::write(&sandbox.path("other/Cargo.lock"), other);

    // Cargo 1.97 and later read it, older ones do not: which of the two is in force cannot be known, so nothing passes.
    let path = sandbox.path("other/Cargo.lock");
    let run = gated.provenance(["verify"]).env("CARGO_RESOLVER_LOCKFILE_PATH", &path).run();
    run.code_in(&[3, 4]).stderr_has("other/Cargo.lock");
    tests::project::refused(
        gated.cargo(["build"]).env("CARGO_RESOLVER_LOCKFILE_PATH", &path),
        "other/Cargo.lock",
    );

    gated.is_clean();
}
