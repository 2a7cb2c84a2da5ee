//! The attack of 2026-08-20 on arrayref, whole, with inert stand-ins: a stolen account yanks the good versions, and publishes
//! one that pulls in a look-alike of proc-macro2 whose build script runs the payload.

use std::path::Path;

use tests::krate::minutes_ago;
use tests::project::CLEAN;
use tests::{Krate, Project, Sandbox, files};

const GOOD: [&str; 5] = ["0.3.5", "0.3.6", "0.3.7", "0.3.8", "0.3.9"];

/// The honest history.
fn before(sandbox: &Sandbox) {
    for version in GOOD {
        sandbox.registry().publish(&Krate::greeting("arrayref", version, CLEAN));
    }
}

/// What the thief does. The payload leaves a mark.
fn attack(sandbox: &Sandbox, mark: &Path) {
    let registry = sandbox.registry();
    registry.publish(&Krate::new("proc-macro1", "1.0.106").published(Some(&minutes_ago(300))));
    let payload = format!("fn main() {{ std::fs::write({mark:?}, \"\").unwrap(); }}");
    let malicious = Krate::new("proc-macro1", "1.0.107").build_script(&payload);
    registry.publish(&malicious.published(Some(&minutes_ago(4))));
    let taken = Krate::greeting("arrayref", "0.3.10", CLEAN).dependency("proc-macro1", "1.0.107");
    registry.publish(&taken.published(Some(&minutes_ago(1))));
    for version in GOOD {
        registry.yank("arrayref", version);
    }
}

fn dependent<'s>(sandbox: &'s Sandbox, name: &'s str) -> Project<'s> {
    Project::greeter(sandbox, name, "arrayref = \"0.3\"", "arrayref::greeting()")
}

#[test]
fn update_stays_on_the_yanked_version_and_says_why() {
    let sandbox = Sandbox::new();
    before(&sandbox);
    let plain = dependent(&sandbox, "plain");
    plain.cargo(["generate-lockfile"]).ok();
    let gated = dependent(&sandbox, "gated").pinned();
    assert_eq!(gated.locked("arrayref"), "0.3.9");
    let mark = sandbox.path("mark");
    attack(&sandbox, &mark);

    plain.cargo(["update"]).ok();
    plain.cargo(["build", "--quiet"]).ok();
    assert!(mark.exists(), "the payload did not run");
    files::remove(&mark);

    let lockfile = files::read(&gated.path("Cargo.lock"));
    let output = gated.provenance(["update"]).ok();
    let output = output.stderr_has("arrayref at v0.3.9, not v0.3.10").stderr_has("yank-storm");
    let output = output.stderr_has("dependency-first-ever").stderr_has("dependency-too-young");
    // No advice leads away from the yanked version.
    assert!(!output.stderr.contains("--precise 0.3.10"), "{output}");
    assert_eq!(lockfile, files::read(&gated.path("Cargo.lock")));
    gated.provenance(["verify"]).ok();
    // A yank is nothing to fix.
    let output = gated.provenance(["fix"]).ok().stderr_has("nothing to fix");
    assert!(!output.stderr.contains("0.3.10"), "{output}");
    assert_eq!(lockfile, files::read(&gated.path("Cargo.lock")));
    gated.provenance(["update", "arrayref", "--precise", "0.3.10"]).run().code_in(&[0, 1]);
    assert_eq!(lockfile, files::read(&gated.path("Cargo.lock")));
    assert!(!mark.exists());
    let unpacked = sandbox.cargo_home().join("registry/src");
    assert!(files::list(&unpacked).iter().filter(|it| it.ends_with("build.rs")).all(|it| {
        // Plain cargo unpacked it for the other workspace.
        !it.to_string_lossy().contains("proc-macro1") || it.to_string_lossy().contains("1.0.107")
    }));
}

#[test]
fn add_refuses_with_nothing_changed_and_nothing_fetched() {
    let sandbox = Sandbox::new();
    before(&sandbox);
    let mark = sandbox.path("mark");
    attack(&sandbox, &mark);
    let gated = Project::app(&sandbox, "gated").pinned();
    let files = ["Cargo.toml", "Cargo.lock", "Provenance.lock"];
    let state = || files.map(|file| files::read(&gated.path(file)));
    let old = state();
    sandbox.registry().forget_requests();
    let output = gated.provenance(["add", "arrayref"]).run().code(1);
    let output = output.stderr_has("yank-storm").stderr_has("version-too-new").stderr_has("name-digit");
    let output = output.stderr_has("`arrayref v0.3.10` needs `proc-macro1`, and 0.3.9 needed nothing");
    output.stderr_has("error[dependency-too-young]: `arrayref v0.3.10` newly needs `proc-macro1`, which was not a day old then");
    assert!(old == state(), "something was changed");
    let requests = sandbox.registry().requests();
    assert!(requests.iter().all(|path| !path.contains("proc-macro1/1.0.107/download")), "{requests:?}");
    assert!(!mark.exists());
}

#[test]
fn pin_refuses_what_a_bot_locked() {
    let sandbox = Sandbox::new();
    before(&sandbox);
    let gated = dependent(&sandbox, "gated").pinned();
    let mark = sandbox.path("mark");
    attack(&sandbox, &mark);
    gated.cargo(["update"]).ok();
    let pins = files::read(&gated.path("Provenance.lock"));
    let output = gated.provenance(["pin"]).run().code(1);
    let output = output.stderr_has("yank-storm").stderr_has("stay on 0.3.9").stderr_has("crate-too-young");
    let output =
        output.stderr_has("error[name-digit]: `proc-macro1` is `proc-macro2` but for the number at the end");
    output.stderr_has("review[dependency-first-ever]").stderr_has("error[dependency-too-young]");
    assert_eq!(pins, files::read(&gated.path("Provenance.lock")));
    gated.provenance(["verify"]).run().code(4).stderr_has("arrayref").stderr_has("proc-macro1");
    let output = gated.provenance(["check"]).run().code(4).stderr_has("yank-storm");
    let output = output.stderr_has("stay on 0.3.9").stderr_has("proc-macro1 v1.0.107");
    let output = output.stderr_has("review[dependency-first-ever]").stderr_has("error[dependency-too-young]");
    let output = output.stderr_has("error[name-digit]");
    // Nothing advises to go where the thief wants everybody.
    assert!(!output.stderr.contains("--precise 0.3.10"), "{output}");
}

#[test]
fn check_only_notes_the_yanked_version_that_is_pinned() {
    let sandbox = Sandbox::new();
    before(&sandbox);
    let gated = dependent(&sandbox, "gated").pinned();
    attack(&sandbox, &sandbox.path("mark"));
    // What cargo has at hand of the index is from before the attack.
    gated.cargo(["update", "--dry-run"]).ok();
    let output = gated.provenance(["check"]).ok().stderr_has("note[version-yanked]");
    assert!(!output.stderr.contains("would pass: run"), "{output}");
    gated.provenance(["verify"]).ok();
}
