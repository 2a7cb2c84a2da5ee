//! An organisation's policy under the workspace's own.

use std::path::PathBuf;

use tests::krate::{days_ago, sha256};
use tests::project::CLEAN;
use tests::{Krate, Project, Sandbox, files};

use crate::since::commit;

const BASE: &str = "\
version = 1
locked = [\"checks\"]
[checks]
version-too-new = { level = \"deny\", days = 30 }
[[ban]]
package = \"banned-one\"
reason = \"the organisation does without\"
";

fn base(project: Project<'_>) -> PathBuf {
    project.path("../org/Provenance.base.toml")
}

/// Writes the base and lets the project extend it.
fn extend(project: Project<'_>, text: &str) {
    files::write(&base(project), text);
    let own = files::read(&project.path("Provenance.toml"));
    let own = own.split("\n[[extends]]").next().expect("a policy");
    let digest = sha256(text.as_bytes());
    let entry =
        format!("{own}\n[[extends]]\npath = \"../org/Provenance.base.toml\"\nsha256 = \"{digest}\"\n");
    files::write(&project.path("Provenance.toml"), entry);
}

#[test]
fn the_organisations_settings_count_and_findings_point_at_its_file() {
    let sandbox = Sandbox::new();
    let registry = sandbox.registry();
    registry.publish(&Krate::greeting("banned-one", "1.0.0", CLEAN));
    registry.publish(&Krate::greeting("fresh", "1.0.0", CLEAN));
    registry.publish(&Krate::greeting("fresh", "1.0.1", CLEAN).published(Some(&days_ago(20))));
    let gated = Project::app(&sandbox, "gated").pinned();
    extend(gated, BASE);
    // Another policy than the one that was pinned under.
    gated.provenance(["verify"]).run().code(4).stderr_has("policy");
    gated.provenance(["pin"]).ok();
    gated.provenance(["verify"]).ok();
    gated
        .provenance(["add", "banned-one"])
        .run()
        .code(1)
        .stderr_has("error[banned]: `banned-one v1.0.0` is banned: the organisation does without")
        .stderr_has("../org/Provenance.base.toml:5");
    gated
        .provenance(["add", "fresh@=1.0.1"])
        .run()
        .code(1)
        .stderr_has("error[version-too-new]: `fresh v1.0.1` was published 20 days ago, and the policy asks for 30 days")
        .stderr_has("../org/Provenance.base.toml:4");
    let told = gated.provenance(["explain", "version-too-new"]).ok();
    assert!(told.stdout.contains("30, set in ../org/Provenance.base.toml:4"), "{told}");
    gated.provenance(["add", "fresh"]).ok();
    assert_eq!(gated.locked("fresh"), "1.0.0");
}

#[test]
fn a_base_that_is_gone_changed_or_loosened_stops_everything() {
    let sandbox = Sandbox::new();
    let gated = Project::app(&sandbox, "gated").pinned();
    extend(gated, BASE);
    gated.provenance(["pin"]).ok();
    let policy = files::read(&gated.path("Provenance.toml"));

    files::write(&base(gated), BASE.replace("days = 30", "days = 0"));
    for command in ["verify", "check", "pin", "update"] {
        gated
            .provenance([command])
            .run()
            .code(2)
            .stderr_has("the extended `../org/Provenance.base.toml` is not the one that was meant")
            .stderr_has("review what changed in it, then write `sha256 = \"");
    }
    files::remove(&base(gated));
    gated
        .provenance(["check"])
        .run()
        .code(2)
        .stderr_has("the extended `../org/Provenance.base.toml` cannot be read");

    files::write(&base(gated), BASE);
    files::replace(
        &gated.path("Provenance.toml"),
        "[checks]\n",
        "[checks]\nversion-too-new = { days = 3 }\n",
    );
    let line =
        files::read(&gated.path("Provenance.toml")).lines().position(|it| it.starts_with("version-too-new"));
    let line = line.expect("a line") + 1;
    gated
        .provenance(["pin"])
        .run()
        .code(2)
        .stderr_has("`days` of `version-too-new` is looser than what `../org/Provenance.base.toml` locks")
        .stderr_has(&format!("Provenance.toml:{line}"));
    files::write(&gated.path("Provenance.toml"), policy);
    gated.provenance(["verify"]).ok();

    // A base may not lead on, not even to itself.
    let chained =
        format!("{BASE}[[extends]]\npath = \"Provenance.base.toml\"\nsha256 = \"{}\"\n", "0".repeat(64));
    extend(gated, &chained);
    gated.provenance(["check"]).run().code(2).stderr_has("a policy that is extended extends none itself");
}

#[test]
fn since_a_commit_the_base_of_then_counts_for_what_came_in() {
    let sandbox = Sandbox::new();
    sandbox.registry().publish(&Krate::greeting("banned-one", "1.0.0", CLEAN));
    let gated = Project::app(&sandbox, "repository/work").pinned();
    extend(gated, BASE);
    gated.provenance(["pin"]).ok();
    commit(gated, "first");
    // A change loosens the organisation's policy, which lies in the same repository, and brings in what that banned.
    extend(gated, "version = 1\n");
    gated.provenance(["pin"]).ok();
    gated.provenance(["add", "banned-one"]).ok();
    gated
        .provenance(["check", "--since", "HEAD"])
        .run()
        .code(1)
        .stderr_has("error[banned]: `banned-one v1.0.0` is banned")
        .stderr_has("by the policy at `HEAD`, which this change loosens");
}
