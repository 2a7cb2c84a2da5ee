//! Two branches that each change pins, line endings, and what `pin` keeps.

use tests::files;
use tests::project::{CLEAN, EVIL};
use tests::{Krate, Project, Sandbox};

fn pins(project: Project<'_>) -> Vec<String> {
    let manifest = files::read(&project.path("Provenance.lock"));
    manifest.split("\n\n").filter(|it| it.starts_with("[[package]]")).map(|it| it.trim().to_owned()).collect()
}

/// A manifest without one of its blocks.
pub(crate) fn without(manifest: &str, entry: &str) -> String {
    let blocks: Vec<&str> = manifest.trim_end().split("\n\n").filter(|&it| it != entry).collect();
    format!("{}\n", blocks.join("\n\n"))
}

#[test]
fn two_branches_that_each_change_pins_are_merged_and_pinned_with_nothing_lost() {
    let sandbox = Sandbox::new();
    for name in ["left", "lemon", "right"] {
        sandbox.registry().publish(&Krate::greeting(name, "1.0.0", CLEAN));
    }
    let gated = Project::app(&sandbox, "gated").gate();
    gated.is_clean();
    gated.commit("base");
    let manifest = gated.path("Cargo.toml");
    let branch = |name: &str, lines: &str| {
        gated.git(["checkout", "--quiet", "-b", name, "main"]).ok();
        files::replace(&manifest, "victim = \"1\"", &format!("victim = \"1\"\n{lines}"));
        gated.cargo(["generate-lockfile"]).ok();
        gated.provenance(["pin"]).ok();
        gated.is_clean();
        gated.commit(name);
        pins(gated)
    };
    let ours = branch("ours", "left = \"1\"");
    let theirs = branch("theirs", "lemon = \"1\"\nright = \"1\"");

    gated.git(["checkout", "--quiet", "ours"]).ok();
    gated.git(["merge", "--quiet", "theirs"]).run().fails();
    let conflicted = files::read(&gated.path("Provenance.lock"));
    assert!(conflicted.contains("<<<<<<<"), "{conflicted}");
    gated.provenance(["verify"]).run().code_in(&[2, 3, 4]);
    gated.cargo(["build"]).run().code(101);
    // What a developer does: settle the manifest by hand, let cargo write its lockfile.
    gated.git(["checkout", "--quiet", "--ours", "Cargo.toml", "Cargo.lock"]).ok();
    files::replace(&manifest, "left = \"1\"", "left = \"1\"\nlemon = \"1\"\nright = \"1\"");
    gated.cargo(["metadata", "--format-version=1"]).ok();
    sandbox.registry().forget_requests();

    gated.provenance(["pin"]).ok();
    let merged = pins(gated);
    for pin in ours.iter().chain(&theirs) {
        assert!(merged.contains(pin), "lost: {pin}");
    }
    for pin in &merged {
        assert!(ours.contains(pin) || theirs.contains(pin), "new: {pin}");
    }
    assert!(!files::read(&gated.path("Provenance.lock")).contains("<<<<<<<"));
    gated.is_clean();
    // A second `pin` has nothing to do.
    let before = files::read(&gated.path("Provenance.lock"));
    gated.provenance(["pin"]).ok();
    assert_eq!(before, files::read(&gated.path("Provenance.lock")));
}

#[test]
fn a_conflict_that_hides_an_evil_pin_is_vetted_again() {
    let sandbox = Sandbox::new();
    let gated = Project::app(&sandbox, "gated").gate();
    gated.is_clean();
    let manifest = gated.path("Provenance.lock");
    let text = files::read(&manifest);
    let entry = pins(gated).into_iter().find(|it| it.contains("name = \"victim\"")).expect("a pin");
    let digest = entry.split('"').find(|it| it.starts_with("b3:")).expect("a tree digest");
    let forged = entry.replace(digest, &format!("b3:{}", "0".repeat(64)));
    let conflict = format!("<<<<<<< ours\n{forged}\n=======\n{entry}\n>>>>>>> theirs");
    files::write(&manifest, text.replace(&entry, &conflict));

    let output = gated.provenance(["pin"]).run().code(0);
    assert!(output.stderr.contains("the sides pin different bytes"), "{output}");
    // Nobody's word for it counts any more, so that its trust is that of a package that has just entered.
    let after = pins(gated).into_iter().find(|it| it.contains("name = \"victim\"")).expect("a pin");
    assert!(after.contains(digest) && after.contains("basis = \"policy\""), "{after}");
    assert_eq!(without(&files::read(&manifest), &after), without(&text, &entry));
    gated.is_clean();
}

#[test]
fn pins_that_a_clean_merge_put_out_of_order_or_in_twice_are_healed() {
    let sandbox = Sandbox::new();
    let gated = Project::app(&sandbox, "gated").gate();
    gated.is_clean();
    let manifest = gated.path("Provenance.lock");
    let text = files::read(&manifest);
    let mut blocks: Vec<&str> = text.trim_end().split("\n\n").collect();
    let last = blocks.len() - 1;
    blocks.push(blocks[last]);
    blocks.swap(1, last);
    files::write(&manifest, format!("{}\n", blocks.join("\n\n")));

    gated.provenance(["verify"]).run().code_in(&[2, 3]);
    let output = gated.provenance(["pin"]).run().code(0);
    assert!(output.stderr.contains("Healing"), "{output}");
    assert_eq!(files::read(&manifest), text);
    gated.is_clean();
}

#[test]
fn crlf_clone() {
    let sandbox = Sandbox::new();
    let gated = Project::app(&sandbox, "gated").gate();
    gated.is_clean();
    gated.commit("gated");
    let origin = gated.root();
    let clone = Project::empty(&sandbox, "clone");
    let url = origin.to_str().expect("UTF-8");
    let autocrlf = ["-c", "core.autocrlf=true", "-c", "core.eol=crlf"];
    sandbox.git(&sandbox.path("")).args(autocrlf).args(["clone", "--quiet", url, "clone"]).ok();
    assert!(files::read(&clone.path("src/main.rs")).contains("\r\n"));
    for name in ["Provenance.toml", "Provenance.lock"] {
        assert!(!files::read(&clone.path(name)).contains('\r'), "`{name}` was changed");
    }

    sandbox.seed_target(&clone.path("target"));
    clone.is_clean();
    tests::project::make_evil(&sandbox.source("victim-1.0.0"));
    clone.refuses("victim");
}

#[test]
fn crlf_clone_of_a_vendored_workspace() {
    let sandbox = Sandbox::new();
    let gated = crate::vendor::vendor(Project::app(&sandbox, "gated").gate());
    gated.provenance(["pin"]).ok();
    gated.is_clean();
    gated.commit("gated");
    let clone = Project::empty(&sandbox, "clone");
    let origin = gated.root();
    let url = origin.to_str().expect("UTF-8");
    let autocrlf = ["-c", "core.autocrlf=true", "-c", "core.eol=crlf"];
    sandbox.git(&sandbox.path("")).args(autocrlf).args(["clone", "--quiet", url, "clone"]).ok();

    // Git rewrote the vendored sources, so that cargo's own checksums fail as well: never a silent pass.
    let rewritten = files::read(&clone.path("vendor/victim/src/lib.rs")).contains("\r\n");
    let output = clone.provenance(["verify"]).run().code(if rewritten { 4 } else { 0 });
    assert!(!rewritten || output.stderr.contains("victim"), "{output}");
}

#[test]
fn a_colleagues_lockfile_change_without_pins_is_drift_and_pin_heals_it() {
    let sandbox = Sandbox::new();
    let gated = Project::app(&sandbox, "gated").gate();
    gated.is_clean();
    let before = pins(gated);
    sandbox.registry().publish(&Krate::greeting("victim", "1.1.0", CLEAN));
    gated.cargo(["update", "--quiet"]).ok();

    gated.refuses("victim");
    gated.provenance(["pin", "--dry-run"]).run().code_in(&[0, 4]);
    assert_eq!(before, pins(gated));
    gated.provenance(["pin"]).ok();
    gated.is_clean();
    let after = pins(gated);
    assert!(after.iter().any(|it| it.contains("version = \"1.1.0\"")), "{after:#?}");
    for pin in before.iter().filter(|it| !it.contains("name = \"victim\"")) {
        assert!(after.contains(pin), "changed: {pin}");
    }
}

#[test]
fn pin_takes_digests_from_the_verified_archive_and_not_from_the_disk() {
    let sandbox = Sandbox::new();
    let gated = Project::app(&sandbox, "gated").gate();
    gated.is_clean();
    let before = files::read(&gated.path("Provenance.lock"));
    tests::project::make_evil(&sandbox.source("victim-1.0.0"));
    let entry = pins(gated).into_iter().find(|it| it.contains("name = \"victim\"")).expect("a pin");
    files::write(&gated.path("Provenance.lock"), without(&before, &entry));

    gated.provenance(["pin"]).run().code_in(&[0, 4]);
    let after = files::read(&gated.path("Provenance.lock"));
    let digest = entry.split('"').find(|it| it.starts_with("b3:")).expect("a tree digest");
    assert!(after.contains(digest), "the honest digest is not in\n{after}");
    gated.refuses("victim");

    // Nor from an archive that was swapped.
    let evil = Krate::greeting("victim", "1.0.0", EVIL).old_manifest().to_archive();
    files::write(&sandbox.archive("victim-1.0.0"), &evil);
    files::write(&gated.path("Provenance.lock"), without(&before, &entry));
    gated.provenance(["pin"]).run();
    let after = files::read(&gated.path("Provenance.lock"));
    assert!(after.contains(digest) || !after.contains("name = \"victim\""), "{after}");
}
