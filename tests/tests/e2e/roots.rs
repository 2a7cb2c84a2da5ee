//! Which workspace cargo builds: another root around, between or beside the members leaves the reviewed lockfile unread.

use tests::files;
use tests::krate::Krate;
use tests::project::{CLEAN, EVIL, Project};
use tests::sandbox::Sandbox;

use crate::members::copy_victim;

/// What a foreign root says: it takes the member in, and its patch brings the evil copy.
fn foreign_root(member: &str) -> String {
    format!("[workspace]\nmembers = [\"{member}\"]\n\n[patch.crates-io]\nvictim = {{ path = \"evil\" }}\n")
}

#[test]
fn a_workspace_root_above_the_workspace() {
    let sandbox = Sandbox::new();
    let plain = Project::app(&sandbox, "plain/ws");
    let gated = Project::app(&sandbox, "outer/ws").gate();
    gated.is_clean();

    for (project, outer) in [(plain, "plain"), (gated, "outer")] {
        files::write(&sandbox.path(outer).join("Cargo.toml"), foreign_root("ws"));
        copy_victim(project, "../evil");
    }
    plain.says(EVIL);
    gated.provenance(["verify"]).run().code(4).stderr_has("outer/Cargo.toml");
    gated.provenance(["verify", "--full"]).run().code_in(&[2, 3, 4]);
    gated.build_refuses("workspace root");

    files::remove(&sandbox.path("outer/Cargo.toml"));
    gated.is_clean();
}

#[test]
fn a_workspace_field_that_leads_elsewhere() {
    let sandbox = Sandbox::new();
    let plain = Project::app(&sandbox, "plain");
    let gated = Project::app(&sandbox, "gated").gate();
    gated.is_clean();
    gated.commit("gated");

    for project in [plain, gated] {
        files::replace(&project.path("Cargo.toml"), "[package]\n", "[package]\nworkspace = \"other\"\n");
        files::write(&project.path("other/Cargo.toml"), foreign_root(".."));
        copy_victim(project, "other/evil");
    }
    plain.says(EVIL);
    gated.verify_finds("other/Cargo.toml");
    gated.build_refuses("workspace root");

    gated.restore();
    gated.is_clean();
}

#[test]
fn a_decoy_manifest_beside_a_member() {
    let sandbox = Sandbox::new();
    sandbox.registry().publish(&Krate::greeting("victim", "1.0.0", CLEAN).old_manifest());
    let gated = Project::empty(&sandbox, "gated")
        .with("Cargo.toml", "[workspace]\nmembers = [\"app\"]\nresolver = \"3\"\n")
        .with("app/Cargo.toml", &tests::project::package("app", "victim = \"1\""))
        .with("app/src/main.rs", "fn main() {\n    println!(\"{}\", victim::greeting());\n}\n")
        .gate();
    gated.is_clean();
    gated.commit("gated");

    for file in ["Provenance.toml", "Provenance.lock", "Cargo.lock"] {
        files::copy(&gated.path(file), &gated.path("app").join(file));
    }
    files::replace(&gated.path("app/Provenance.lock"), "path = \"app\"", "path = \".\"");
    files::append(&gated.path("Cargo.toml"), "\n[patch.crates-io]\nvictim = { path = \"evil\" }\n");
    copy_victim(gated, "evil");
    gated.build_refuses("workspace root");
    gated.verify_finds("victim");

    gated.restore();
    gated.is_clean();
}

#[test]
fn a_journal_that_a_repository_brings() {
    let sandbox = Sandbox::new();
    let gated = Project::app(&sandbox, "gated").gate();
    let precious = files::read(&gated.path("src/main.rs"));
    files::write(
        &gated.path(".provenance/journal.json"),
        "{\"version\":1,\"phase\":\"replacing\",\"files\":[]}",
    );

    gated.provenance(["pin"]).run().code_in(&[2, 3]).stderr_has("journal");
    assert_eq!(files::read(&gated.path("src/main.rs")), precious);
}

#[test]
fn a_repair_that_would_overwrite_somebodys_work() {
    let sandbox = Sandbox::new();
    let gated = Project::app(&sandbox, "gated").gate();
    gated.is_clean();
    files::write(&sandbox.path("victim/WORK.txt"), "a week of it");
    files::write(&sandbox.path("victim/Cargo.toml"), tests::project::package("victim", ""));
    files::write(&sandbox.path("victim/.cargo-checksum.json"), "{\"files\":{}}");
    files::append(
        &gated.path(".cargo/config.toml"),
        "\n[source.crates-io]\nreplace-with = \"v\"\n[source.v]\ndirectory = \"..\"\n",
    );

    gated.provenance(["verify", "--repair"]).run().code_in(&[2, 3, 4]);
    assert_eq!(files::read(&sandbox.path("victim/WORK.txt")), "a week of it");
}

/// What `cargo package` builds for a trial lies in a folder `package`, is unpacked from an archive, and is not judged.
#[test]
fn a_planted_original_manifest_in_a_folder_called_package() {
    let sandbox = Sandbox::new();
    for name in ["mono/package/app", "mono/package/app-0.1.0"] {
        let gated = Project::app(&sandbox, name).gate();
        gated.is_clean();
        let original = gated.path("Cargo.toml.orig");
        files::write(&original, files::read(&gated.path("Cargo.toml")));
        tests::project::make_evil(&sandbox.source("victim-1.0.0"));
        gated.refuses("victim");
        tests::project::make_clean(&sandbox.source("victim-1.0.0"));
        gated.is_clean();
    }
}
