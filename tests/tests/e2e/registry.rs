//! Attacks on what cargo keeps of a registry: unpacked sources and cached archives.

use tests::files;
use tests::project::{CLEAN, EVIL, make_clean, make_evil};
use tests::{Krate, Project, Sandbox};

#[test]
fn edited_registry_source() {
    let sandbox = Sandbox::new();
    let plain = Project::app(&sandbox, "plain");
    let gated = Project::app(&sandbox, "gated").gate();
    plain.cargo(["fetch"]).ok();
    let source = sandbox.source("victim-1.0.0");

    make_evil(&source);
    plain.says(EVIL);
    gated.refuses("victim");

    make_clean(&source);
    gated.is_clean();
}

#[test]
fn edited_registry_source_behind_a_warm_target() {
    let sandbox = Sandbox::new();
    let gated = Project::app(&sandbox, "gated").gate();
    gated.is_clean();
    let source = sandbox.source("victim-1.0.0");

    make_evil(&source);
    gated.refuses("victim");

    make_clean(&source);
    gated.is_clean();
}

#[test]
fn deleted_registry_file() {
    let sandbox = Sandbox::new();
    let script = "fn main() {\n    let said = if std::fs::exists(\"STRICT\").unwrap() { \"clean\" } else { \"EVIL\" };\n    \
                  println!(\"cargo::rustc-env=SAID={said}\");\n}\n";
    sandbox.registry().publish(
        &Krate::new("victim", "1.0.0")
            .build_script(script)
            .file("STRICT", "")
            .file("src/lib.rs", "pub fn greeting() -> &'static str { env!(\"SAID\") }"),
    );
    let make = |name| Project::greeter(&sandbox, name, "victim = \"1\"", "victim::greeting()");
    let plain = make("plain");
    let gated = make("gated").gate();
    plain.cargo(["fetch"]).ok();
    gated.is_clean();
    let file = sandbox.source("victim-1.0.0").join("STRICT");

    files::remove(&file);
    plain.says(EVIL);
    gated.refuses("victim");

    files::write(&file, "");
    gated.is_clean();
}

#[test]
fn build_script_added_to_an_old_crates_directory() {
    let sandbox = Sandbox::new();
    let plain = Project::app(&sandbox, "plain");
    let gated = Project::app(&sandbox, "gated").gate();
    plain.cargo(["fetch"]).ok();
    gated.is_clean();
    let mark = sandbox.path("mark");
    let script = sandbox.source("victim-1.0.0").join("build.rs");

    files::write(&script, format!("fn main() {{ std::fs::write({mark:?}, \"\").unwrap(); }}"));
    plain.says(CLEAN);
    assert!(mark.exists(), "the build script did not run");
    gated.refuses("victim");

    files::remove(&script);
    gated.is_clean();
}

#[test]
fn replaced_cached_archive_without_the_unpacked_directory() {
    let sandbox = Sandbox::new();
    let plain = Project::app(&sandbox, "plain");
    let gated = Project::app(&sandbox, "gated").gate();
    plain.cargo(["fetch"]).ok();
    gated.is_clean();
    let (source, archive) = (sandbox.source("victim-1.0.0"), sandbox.archive("victim-1.0.0"));
    let honest = files::read_bytes(&archive);

    files::write(&archive, Krate::greeting("victim", "1.0.0", EVIL).old_manifest().to_archive());
    files::remove(&source);
    gated.verify_finds("victim");
    plain.says(EVIL);
    gated.refuses("victim");

    files::write(&archive, honest);
    files::remove(&source);
    plain.cargo(["fetch"]).ok();
    gated.is_clean();
}

#[test]
fn replaced_cached_archive_with_the_unpacked_directory() {
    let sandbox = Sandbox::new();
    let plain = Project::app(&sandbox, "plain");
    let gated = Project::app(&sandbox, "gated").gate();
    plain.cargo(["fetch"]).ok();
    gated.is_clean();
    let archive = sandbox.archive("victim-1.0.0");
    let honest = files::read_bytes(&archive);

    files::write(&archive, Krate::greeting("victim", "1.0.0", EVIL).old_manifest().to_archive());
    // Cargo writes the honest checksum beside the evil sources.
    plain.cargo(["vendor", "--quiet", "--respect-source-config", "vendored"]).ok();
    let vendored = files::read(&plain.path("vendored/victim/src/lib.rs"));
    assert!(vendored.contains(EVIL), "{vendored}");
    gated.provenance(["verify", "--full"]).run().code(4).stderr_has("victim");
    // What lies unpacked is still what was pinned.
    gated.says(CLEAN);

    files::write(&archive, honest);
    gated.provenance(["verify", "--full"]).ok();
    gated.is_clean();
}

#[test]
fn repair_restores_an_edited_registry_source() {
    let sandbox = Sandbox::new();
    let gated = Project::app(&sandbox, "gated").gate();
    gated.is_clean();
    let source = sandbox.source("victim-1.0.0");

    make_evil(&source);
    files::write(&source.join("src/more.rs"), "");
    files::write(&source.join("build.rs"), "fn main() {}");
    gated.verify_finds("victim");
    let diff = gated.provenance(["diff", "victim"]).run().code(4);
    assert!(diff.stdout.contains("src/lib.rs") && diff.stdout.contains(EVIL), "{diff}");
    assert!(diff.stdout.contains("src/more.rs") && diff.stdout.contains("build.rs"), "{diff}");

    gated.provenance(["verify", "--repair"]).ok();
    assert!(!source.join("src/more.rs").exists());
    gated.is_clean();
}

#[test]
fn repair_restores_a_replaced_cached_archive() {
    let sandbox = Sandbox::new();
    let gated = Project::app(&sandbox, "gated").gate();
    gated.is_clean();
    let archive = sandbox.archive("victim-1.0.0");

    make_evil(&sandbox.source("victim-1.0.0"));
    files::write(&archive, Krate::greeting("victim", "1.0.0", EVIL).old_manifest().to_archive());
    gated.provenance(["verify", "--full"]).run().code(4).stderr_has("victim");
    // An evil archive must not be what the sources are restored from.
    gated.provenance(["verify", "--repair"]).run().code_in(&[0, 4]);
    let source = files::read(&sandbox.source("victim-1.0.0").join("src/lib.rs"));
    if gated.provenance(["verify"]).run().exit_code() == Some(0) {
        assert!(!source.contains(EVIL), "{source}");
    }
    gated.provenance(["verify", "--repair"]).ok();
    gated.is_clean();
}
