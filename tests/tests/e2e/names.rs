//! Look-alikes, and names that belong to the team.

use tests::krate::days_ago;
use tests::project::CLEAN;
use tests::{Krate, Project, Sandbox, files};

const LOOK_ALIKES: [(&str, &str, &str); 5] = [
    ("serdejson", "name-twin", "serde_json"),
    ("json-serde", "name-swap", "serde_json"),
    ("proc-macro1", "name-digit", "proc-macro2"),
    ("tokio-official", "name-affix", "tokio"),
    ("rewqest", "name-edit", "reqwest"),
];

#[test]
fn a_young_look_alike_is_refused_and_an_old_namesake_is_not() {
    let sandbox = Sandbox::new();
    for (name, ..) in LOOK_ALIKES {
        sandbox.registry().publish(&Krate::greeting(name, "1.0.0", CLEAN).published(Some(&days_ago(60))));
    }
    sandbox.registry().publish(&Krate::greeting("serde-rs", "1.0.0", CLEAN).published(Some(&days_ago(200))));
    sandbox.registry().publish(&Krate::greeting("tokio-utils", "1.0.0", CLEAN));
    let plain = Project::app(&sandbox, "plain");
    plain.cargo(["add", "--quiet"]).args(LOOK_ALIKES.map(|(name, ..)| name)).ok();
    plain.cargo(["fetch", "--quiet"]).ok();

    let gated = Project::app(&sandbox, "gated").pinned();
    let before = files::read(&gated.path("Cargo.lock"));
    for (name, check, target) in LOOK_ALIKES {
        let output = gated.provenance(["add", name]).run().code(1);
        assert!(output.stderr.contains(&format!("error[{check}]: `{name}` ")), "{output}");
        let output = output.stderr_has(&format!("did you mean `cargo provenance add {target}`?"));
        output.stderr_has(&format!("`[names] known = [\"{name}\"]`"));
    }
    assert_eq!(files::read(&gated.path("Cargo.lock")), before);
    gated
        .provenance(["add", "serde-rs"])
        .run()
        .code(1)
        .stderr_has("review[name-affix]: `serde-rs` is `serde`");
    gated.provenance(["add", "tokio-utils"]).ok().stderr_lacks("name-");
    let accepts = ["--accept", "crate-too-young=we know them", "--accept", "name-affix=we know them"];
    gated.provenance(["add", "serde-rs"]).args(accepts).ok();
}

#[test]
fn the_teams_own_packages_are_what_look_alikes_aim_at() {
    let sandbox = Sandbox::new();
    let registry = sandbox.registry();
    registry.publish(&Krate::greeting("frobnicator", "1.0.0", CLEAN));
    registry.publish(&Krate::greeting("frobnicater", "1.0.0", CLEAN).published(Some(&days_ago(60))));
    let gated = Project::app(&sandbox, "gated").pinned();
    gated.provenance(["vet", "frobnicater"]).run().code(1).stderr_lacks("name-edit");
    gated.provenance(["add", "frobnicator"]).ok();
    let found = "error[name-edit]: `frobnicater` is one letter away from `frobnicator`";
    gated.provenance(["vet", "frobnicater"]).run().code(1).stderr_has(found);
    gated.provenance(["add", "frobnicater"]).run().code(1).stderr_has(found);
    let gated = gated.policy("[names]\nknown = [\"frobnicater\"]");
    gated.provenance(["add", "frobnicater"]).run().code(1).stderr_lacks("name-edit");
    gated.provenance(["add", "frobnicater", "--accept", "crate-too-young=we know them"]).ok();
    gated.provenance(["check"]).ok();
}

#[test]
fn an_outsiders_package_under_a_name_of_the_team_stays_out() {
    let sandbox = Sandbox::new();
    for name in ["acme_billing", "part"] {
        sandbox.registry().publish(&Krate::greeting(name, "99.0.0", CLEAN));
    }
    let gated = Project::app(&sandbox, "gated");
    files::write(
        &gated.path("part/Cargo.toml"),
        "[package]\nname = \"part\"\nversion = \"0.1.0\"\nedition = \"2021\"\n",
    );
    files::write(&gated.path("part/src/lib.rs"), "");
    files::append(&gated.path("Cargo.toml"), "\n[workspace]\nmembers = [\"part\"]\n");
    let gated = gated.pinned();
    gated.provenance(["vet", "acme_billing"]).ok();
    let gated = gated.policy("[names]\ninternal = [\"acme-*\"]");
    gated
        .provenance(["add", "acme_billing"])
        .run()
        .code(1)
        .stderr_has("error[internal-name]: `acme_billing v99.0.0` comes from")
        .stderr_has("packages called `acme-*` do not come from crates.io")
        .stderr_has("name its registry or its path in `Cargo.toml`");
    gated
        .provenance(["add", "part@99"])
        .run()
        .code(1)
        .stderr_has("error[internal-name]: `part v99.0.0` comes from")
        .stderr_has("and a member of the workspace is called so");
    // Put into `Cargo.toml` by hand.
    files::replace(&gated.path("Cargo.toml"), "victim = \"1\"", "victim = \"1\"\nacme_billing = \"99\"");
    gated.cargo(["fetch"]).ok();
    gated.provenance(["pin"]).run().code(1).stderr_has("error[internal-name]");
    gated.provenance(["check"]).run().code(4).stderr_has("error[internal-name]");
}
