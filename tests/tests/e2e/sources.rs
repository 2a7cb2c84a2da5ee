//! Attacks that make cargo take a package from elsewhere: `paths`, source replacement, another cargo home.

use tests::files;
use tests::project::{CLEAN, EVIL};
use tests::{Krate, Project, Sandbox};

/// A copy of `victim` that says the evil thing, as a package in a directory.
fn evil_copy(project: Project<'_>, directory: &str) {
    for (path, content) in Krate::greeting("victim", "1.0.0", EVIL).all_files() {
        files::write(&project.path(directory).join(path), content);
    }
}

#[test]
fn paths_override() {
    let sandbox = Sandbox::new();
    let plain = Project::app(&sandbox, "plain");
    let gated = Project::app(&sandbox, "gated").gate();
    gated.is_clean();
    gated.commit("gated");

    for project in [plain, gated] {
        evil_copy(project, "elsewhere/victim");
        files::write(&project.path(".cargo/config.toml"), "paths = [\"elsewhere/victim\"]\n");
    }
    plain.cargo(["generate-lockfile"]).ok();
    plain.cargo(["run", "--quiet", "--locked"]).ok().stdout_has(EVIL);
    gated.refuses("victim");

    gated.restore();
    gated.is_clean();
}

#[test]
fn paths_override_outside_the_repository() {
    let sandbox = Sandbox::new();
    let plain = Project::app(&sandbox, "plain");
    let gated = Project::app(&sandbox, "gated").gate();
    gated.is_clean();
    evil_copy(plain, "elsewhere/victim");
    let config = sandbox.path(".cargo/config.toml");

    files::write(&config, format!("paths = [{:?}]\n", plain.path("elsewhere/victim")));
    plain.says(EVIL);
    gated.verify_finds("victim");
    // Cargo cannot watch a file that was not there when it last built: what is built anew is refused.
    gated.fresh_target();
    gated.build_refuses("victim");

    files::remove(&config);
    gated.is_clean();
}

#[test]
fn paths_override_on_the_command_line() {
    let sandbox = Sandbox::new();
    let plain = Project::app(&sandbox, "plain");
    let gated = Project::app(&sandbox, "gated").gate();
    evil_copy(plain, "elsewhere/victim");
    let setting = format!("paths = [{:?}]", plain.path("elsewhere/victim"));

    plain.cargo(["run", "--quiet", "--config", &setting]).ok().stdout_has(EVIL);
    tests::project::refused(gated.cargo(["build", "--config", &setting]), "victim");

    gated.is_clean();
}

#[test]
fn source_replacement_with_a_forged_directory() {
    let sandbox = Sandbox::new();
    let plain = Project::app(&sandbox, "plain");
    let gated = Project::app(&sandbox, "gated").gate();
    plain.cargo(["generate-lockfile"]).ok();
    gated.is_clean();
    gated.commit("gated");

    for project in [plain, gated] {
        project.cargo(["vendor", "--quiet", "--respect-source-config", "forged"]).ok();
        forge(project, "forged/victim");
        files::write(
            &project.path(".cargo/config.toml"),
            "[source.crates-io]\nreplace-with = \"forged\"\n[source.forged]\ndirectory = \"forged\"\n",
        );
    }
    plain.cargo(["run", "--quiet", "--locked", "--frozen"]).ok().stdout_has(EVIL);
    gated.refuses("victim");

    gated.restore();
    gated.is_clean();
}

#[test]
fn source_replacement_on_the_command_line() {
    let sandbox = Sandbox::new();
    let gated = Project::app(&sandbox, "gated").gate();
    gated.cargo(["vendor", "--quiet", "--respect-source-config", "../forged"]).ok();
    forge(gated, "../forged/victim");
    let directory = format!("source.forged.directory = {:?}", sandbox.path("forged"));
    let build = |command: &str| {
        let replace = "source.crates-io.replace-with = \"forged\"";
        gated.cargo([command, "--config", replace, "--config", &directory])
    };

    // The gate is switched off by hand here: this is what cargo would do.
    let script = files::read(&gated.path("build.rs"));
    files::write(&gated.path("build.rs"), "fn main() {}");
    build("run").ok().stdout_has(EVIL);
    files::write(&gated.path("build.rs"), script);
    gated.fresh_target();
    tests::project::refused(build("build"), "victim");

    gated.is_clean();
}

/// Swaps the greeting of a vendored package and makes cargo believe in it.
fn forge(project: Project<'_>, package: &str) {
    let package = project.path(package);
    let list = package.join(".cargo-checksum.json");
    let checksum =
        tests::krate::sha256(&Krate::greeting("victim", "1.0.0", CLEAN).old_manifest().to_archive());
    tests::project::make_evil(&package);
    files::write(&list, format!("{{\"files\":{{}},\"package\":\"{checksum}\"}}"));
}

#[test]
fn another_cargo_home() {
    let sandbox = Sandbox::new();
    let plain = Project::app(&sandbox, "plain");
    let gated = Project::app(&sandbox, "gated").gate();
    plain.cargo(["fetch"]).ok();
    gated.is_clean();
    let other = sandbox.path("other-home");
    files::copy(&sandbox.cargo_home(), &other);
    let sources = other.join("registry/src");
    let evil = files::list(&sources).into_iter().find(|it| it.ends_with("victim-1.0.0/src/lib.rs"));
    files::replace(&evil.expect("an unpacked package"), CLEAN, EVIL);

    plain.cargo(["run", "--quiet", "--frozen"]).env("CARGO_HOME", &other).ok().stdout_has(EVIL);
    gated.provenance(["verify"]).env("CARGO_HOME", &other).run().code(4).stderr_has("victim");
    tests::project::refused(gated.cargo(["build"]).env("CARGO_HOME", &other), "victim");

    gated.is_clean();
}
