//! What is required of packages, where that rises, and which packages reviews stand for.

use tests::krate::{days_ago, sha256};
use tests::project::CLEAN;
use tests::{Advisory, AdvisoryDb, Krate, Project, Sandbox, files};

use crate::check::replace_in_pin;

const CONFIG: &str = "\n# cargo-vet config file\n\n[cargo-vet]\nversion = \"0.10\"\n";

pub(crate) fn audit(name: &str, criteria: &str) -> String {
    format!(
        "\n[[audits.{name}]]\nwho = \"Ann <ann@example.org>\"\ncriteria = \"{criteria}\"\nversion = \"1.0.0\"\n"
    )
}

/// `app` behind the gate, which ships `victim` and needs `tester` and its `deep` for tests alone; that is all that they were
/// reviewed for.
fn app<'s>(sandbox: &'s Sandbox, required: &str, more: &str) -> Project<'s> {
    let registry = sandbox.registry();
    registry.publish(&Krate::greeting("deep", "1.0.0", CLEAN));
    registry.publish(&Krate::greeting("tester", "1.0.0", CLEAN).dependency("deep", "1"));
    let app = Project::app(sandbox, "app");
    files::append(&app.path("Cargo.toml"), "\n[dev-dependencies]\ntester = \"1\"\n");
    let app = app.pinned();
    let audits = [("deep", "safe-to-run"), ("tester", "safe-to-run"), ("victim", "safe-to-deploy")];
    let audits = audits.map(|(name, criteria)| audit(name, criteria)).concat();
    app.with("supply-chain/config.toml", CONFIG)
        .with("supply-chain/audits.toml", &format!("\n# cargo-vet audits file\n{audits}{more}"))
        .with("supply-chain/imports.lock", "");
    app.policy(&format!("[audits]\nrequired = \"{required}\""));
    app.provenance(["check"]).ok();
    app
}

/// The files that a command must not change where it refuses.
pub(crate) fn state(app: Project<'_>) -> [String; 3] {
    ["Cargo.toml", "Cargo.lock", "Provenance.lock"].map(|name| files::read(&app.path(name)))
}

#[test]
fn what_was_reviewed_for_tests_alone_is_not_shipped_by_add() {
    for required in ["all", "new"] {
        let sandbox = Sandbox::new();
        let app = app(&sandbox, required, "");
        let before = state(app);
        app.provenance(["add", "tester"])
            .run()
            .code(1)
            .stderr_has("error[not-audited]: `tester v1.0.0` was not reviewed for `safe-to-deploy`")
            .stderr_has("`safe-to-deploy` is required as a dependency of `app`")
            .stderr_has("error[not-audited]: `deep v1.0.0` was not reviewed for `safe-to-deploy`")
            .stderr_has("`safe-to-deploy` is required as a dependency of `app`, by way of `tester`")
            .stderr_has("cargo provenance certify tester 1.0.0")
            .stderr_has("it is pinned, and `safe-to-run` was required of it before")
            .stderr_has("nothing was changed");
        assert_eq!(state(app), before);
    }
}

#[test]
fn what_is_needed_for_more_and_was_reviewed_for_that_stays_pinned_and_says_so() {
    let sandbox = Sandbox::new();
    let more = [audit("tester", "safe-to-deploy"), audit("deep", "safe-to-deploy")].concat();
    let app = app(&sandbox, "all", &more);
    app.provenance(["pin", "--recheck"]).ok();
    let for_tests = "trust = { basis = \"audit\", criteria = \"safe-to-run\", from = [\"supply-chain\"] }";
    assert_eq!(files::read(&app.path("Provenance.lock")).matches(for_tests).count(), 2);
    app.provenance(["add", "tester"])
        .ok()
        .stderr_has("Requiring safe-to-deploy of tester v1.0.0, `safe-to-run` was required of it before")
        .stderr_has("Requiring safe-to-deploy of deep v1.0.0")
        .stderr_has("no new package entered");
    assert_eq!(files::read(&app.path("Provenance.lock")).matches(for_tests).count(), 0);
    app.provenance(["check"]).ok();
    // Less is asked of it again, which is no reason to look.
    app.provenance(["remove", "tester"]).ok().stderr_lacks("Requiring");
    app.provenance(["check"]).ok();
}

#[test]
fn what_an_update_would_need_for_more_than_it_was_reviewed_for_is_held_back() {
    let sandbox = Sandbox::new();
    let victim = audit("victim", "safe-to-deploy").replace("1.0.0", "1.1.0");
    let app = app(&sandbox, "all", &victim);
    sandbox.registry().publish(&Krate::greeting("victim", "1.1.0", CLEAN).dependency("tester", "1"));
    app.provenance(["update"])
        .ok()
        .stderr_has("Holding victim at v1.0.0, not v1.1.0: it pulls in `deep v1.0.0` (not-audited)");
    assert_eq!(app.locked("victim"), "1.0.0");
    app.provenance(["check"]).ok();
    // Whoever asks for it by its version is told why not.
    let before = state(app);
    app.provenance(["add", "victim@1.1.0"])
        .run()
        .code(1)
        .stderr_has("error[not-audited]: `tester v1.0.0` was not reviewed for `safe-to-deploy`")
        .stderr_has("`safe-to-deploy` is required as a dependency of `app`, by way of `victim`")
        .stderr_has("nothing was changed");
    assert_eq!(state(app), before);
}

#[test]
fn a_warning_that_is_about_what_is_shipped_counts_from_the_day_on_which_it_is() {
    let sandbox = Sandbox::new();
    let warning = "\n[[audits.tester]]\nwho = \"Ann\"\ncriteria = \"safe-to-deploy\"\nviolation = \"*\"\n";
    let app = app(&sandbox, "none", warning);
    let before = state(app);
    app.provenance(["add", "tester"])
        .run()
        .code(1)
        .stderr_has("error[audit-violation]: `tester v1.0.0` does not meet `safe-to-deploy`")
        .stderr_has("it is pinned, and `safe-to-run` was required of it before");
    assert_eq!(state(app), before);
}

#[test]
fn where_nobody_can_tell_who_reviewed_what_nothing_is_shipped_anew() {
    let sandbox = Sandbox::new();
    let app = app(&sandbox, "all", "");
    app.with("supply-chain/audits.toml", "\n# cargo-vet audits file\n\n[audits\n");
    let before = state(app);
    app.provenance(["add", "tester"])
        .run()
        .code(3)
        .stderr_has("2 packages could not be judged: supply-chain/audits.toml:")
        .stderr_has("nothing was changed");
    assert_eq!(state(app), before);
    app.provenance(["remove", "victim"]).ok();
}

#[test]
fn a_person_accepts_what_is_up_for_review_of_what_is_needed_for_more() {
    let sandbox = Sandbox::new();
    let app = app(&sandbox, "all", &audit("deep", "safe-to-deploy"));
    app.policy("[checks]\nnot-audited = \"review\"");
    app.provenance(["add", "tester"]).run().code(1).stderr_has("review[not-audited]: `tester v1.0.0`");
    app.provenance(["add", "tester", "--accept", "not-audited=read it on the train"]).ok();
    app.provenance(["check"]).ok();
    let pins = files::read(&app.path("Provenance.lock"));
    assert_eq!(pins.matches("read it on the train").count(), 1, "{pins}");
}

#[test]
fn what_a_removal_makes_somebody_ship_is_asked_for_that() {
    let sandbox = Sandbox::new();
    let app = app(&sandbox, "all", "");
    // `app` needs it, and of `app` only tests are asked: alone, it is shipped.
    let inner = "[package]\nname = \"inner\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\n[dependencies]\ntester = \"1\"\n";
    app.with("inner/Cargo.toml", inner).with("inner/src/lib.rs", "");
    let manifest = files::read(&app.path("Cargo.toml"));
    let manifest = manifest.replacen("[dependencies]\n", "[dependencies]\ninner = { path = \"inner\" }\n", 1);
    files::write(&app.path("Cargo.toml"), format!("{manifest}\n[workspace]\nmembers = [\"inner\"]\n"));
    files::append(&app.path("supply-chain/config.toml"), "\n[policy.app]\ncriteria = \"safe-to-run\"\n");
    app.cargo(["generate-lockfile"]).ok();
    app.provenance(["pin"]).ok();
    app.provenance(["check"]).ok();
    let before = state(app);
    app.provenance(["remove", "inner"])
        .run()
        .code(1)
        .stderr_has("error[not-audited]: `tester v1.0.0` was not reviewed for `safe-to-deploy`")
        .stderr_has("`safe-to-deploy` is required as a dependency of `inner`");
    assert_eq!(state(app), before);
    app.provenance(["remove", "victim"]).ok();
}

#[test]
fn what_a_fix_would_need_for_more_than_it_was_reviewed_for_does_not_pass() {
    let sandbox = Sandbox::new();
    let victim = audit("victim", "safe-to-deploy");
    let more = ["1.0.1", "1.0.2"].map(|version| victim.replace("1.0.0", version)).concat();
    let app = app(&sandbox, "all", &more);
    let registry = sandbox.registry();
    registry.publish(&Krate::greeting("victim", "1.0.1", CLEAN).dependency("tester", "1"));
    registry.publish(&Krate::greeting("victim", "1.0.2", CLEAN));
    AdvisoryDb::new(&sandbox).publish(&[Advisory::new("RUSTSEC-2025-0002", "victim").patched(">= 1.0.1")]);
    app.provenance(["db", "update"]).ok();
    app.provenance(["fix"]).ok().stderr_has("Mending victim v1.0.0 -> v1.0.2");
    app.provenance(["check"]).ok();
}

#[test]
fn pins_are_asked_by_what_needs_them_when_they_are_written() {
    let sandbox = Sandbox::new();
    let app = app(&sandbox, "all", "");
    files::replace(&app.path("Cargo.toml"), "[dev-dependencies]\n", "");
    for command in ["pin", "check"] {
        app.provenance([command])
            .run()
            .code(1)
            .stderr_has("error[not-audited]: `tester v1.0.0` was not reviewed for `safe-to-deploy`")
            .stderr_has("`safe-to-deploy` is required as a dependency of `app`");
    }
}

#[test]
fn what_a_change_needs_for_more_is_new_where_only_what_is_new_is_asked() {
    let sandbox = Sandbox::new();
    let app = app(&sandbox, "new", "");
    app.commit("gated");
    files::replace(&app.path("Cargo.toml"), "[dev-dependencies]\n", "");
    // Nobody can tell by the pin what it was needed for when it was written.
    app.provenance(["pin"]).ok();
    app.provenance(["check"]).ok();
    app.provenance(["check", "--since", "HEAD"])
        .run()
        .code(1)
        .stderr_has("error[not-audited]: `tester v1.0.0` was not reviewed for `safe-to-deploy`")
        .stderr_has("error[not-audited]: `deep v1.0.0` was not reviewed for `safe-to-deploy`")
        .stderr_lacks("`victim v1.0.0` was not reviewed");
}

#[test]
fn the_name_of_a_publisher_is_enough_for_what_is_needed_for_more_only_after_a_look_at_the_contents() {
    let sandbox = Sandbox::new();
    let mut audits = String::new();
    let mut rows = String::new();
    for name in ["loud", "quiet"] {
        let krate = |version, days| Krate::greeting(name, version, CLEAN).published(Some(&days_ago(days)));
        let second = krate("1.0.1", 400);
        let second = if name == "loud" { second.build_script("fn main() {}\n") } else { second };
        sandbox.registry().publish(&krate("1.0.0", 800));
        sandbox.registry().publish(&second);
        let until = &days_ago(0)[..10];
        audits += &audit(name, "safe-to-run").replace("1.0.0", "1.0.1");
        audits += &format!(
            "\n[[trusted.{name}]]\ncriteria = \"safe-to-deploy\"\nuser-id = 1\nstart = \"2015-01-01\"\nend = \"{until}\"\n"
        );
        for (version, days) in [("1.0.0", 800), ("1.0.1", 400)] {
            let when = &days_ago(days)[..10];
            rows += &format!(
                "\n[[publisher.{name}]]\nversion = \"{version}\"\nwhen = \"{when}\"\nuser-id = 1\nuser-login = \"u\"\n"
            );
        }
    }
    let app = app(&sandbox, "all", &audits).with("supply-chain/imports.lock", &rows);
    let accept =
        ["build-script-new", "build-time-code"].map(|it| format!("--accept=loud@1.0.1:{it}=why not"));
    app.provenance(["add", "--dev", "loud", "quiet"]).args(accept).ok();
    app.provenance(["check"]).ok();
    let before = state(app);
    app.provenance(["add", "loud"])
        .run()
        .code(1)
        .stderr_has("error[publisher-not-enough]: only the name of its publisher speaks for `loud v1.0.1`")
        .stderr_has("it is pinned, and `safe-to-run` was required of it before")
        .stderr_lacks("build-script-new");
    assert_eq!(state(app), before);
    app.provenance(["add", "quiet", "--offline"]).ok();
    let pins = files::read(&app.path("Provenance.lock"));
    let by_name =
        "trust = { basis = \"publisher\", criteria = \"safe-to-deploy\", from = [\"supply-chain\"] }";
    assert_eq!(pins.matches(by_name).count(), 1, "{pins}");
    app.provenance(["check"]).ok();
}

#[test]
fn what_others_reviewed_on_crates_io_vouches_for_no_package_of_that_name_from_another_registry() {
    let sandbox = Sandbox::new();
    sandbox.alternative().publish(&Krate::greeting("internal", "1.0.0", CLEAN));
    let line = "internal = { version = \"1\", registry = \"test\" }";
    let app = Project::greeter(&sandbox, "app", line, "internal::greeting()").pinned();
    let declared = format!(
        "{CONFIG}\n[imports.theirs]\nurl = \"https://example.org/audits.toml\"\n\n[policy.internal]\naudit-as-crates-io = true\n"
    );
    let theirs = audit("internal", "safe-to-deploy").replace("[[audits", "[[audits.theirs.audits");
    let app = app
        .with("supply-chain/config.toml", &declared)
        .with("supply-chain/audits.toml", "\n# cargo-vet audits file\n\n[audits]\n")
        .with("supply-chain/imports.lock", &theirs);
    app.policy("[audits]\nrequired = \"none\"");
    files::replace(&app.path("Provenance.toml"), "required = \"none\"", "required = \"all\"");
    app.provenance(["pin"])
        .run()
        .code(1)
        .stderr_has("error[not-audited]: `internal v1.0.0` was not reviewed for `safe-to-deploy`")
        .stderr_has("what `theirs` reviewed is the package of crates.io");
    files::append(&app.path("supply-chain/audits.toml"), &audit("internal", "safe-to-deploy"));
    app.provenance(["pin"]).ok();
    app.provenance(["check"]).ok();
}

#[test]
fn a_commit_is_certified_as_what_it_is() {
    let sandbox = Sandbox::new();
    let repository = crate::git::repository(&sandbox);
    let app = crate::git::dependent(&sandbox, "app").pinned();
    let app = app
        .with("supply-chain/config.toml", CONFIG)
        .with("supply-chain/audits.toml", "\n# cargo-vet audits file\n\n[audits]\n")
        .with("supply-chain/imports.lock", "\n# cargo-vet imports lock\n");
    app.policy("[audits]\nrequired = \"none\"\nbound = true");
    files::replace(&app.path("Provenance.toml"), "required = \"none\"", "required = \"all\"");
    let head = repository.git(["rev-parse", "HEAD"]).ok().stdout;
    let version = format!("0.1.0@git:{}", head.trim());
    app.provenance(["pin"])
        .run()
        .code(1)
        .stderr_has("error[not-audited]: `victim v0.1.0`")
        .stderr_has(&format!("cargo provenance certify victim {version}`"));
    // Nobody publishes it.
    app.provenance(["certify", "victim", "0.1.0", "--who", "Ann"])
        .run()
        .code(3)
        .stderr_has(&format!("what is pinned of it is `cargo provenance certify victim {version}`"));
    for bad in ["0.1.0@git:1234", "0.1.0@main", "0.1"] {
        app.provenance(["certify", "victim", bad]).run().code(2).stderr_has("`1.2.3@git:COMMIT`");
    }
    let who = ["--who", "Ann <ann@example.org>"];
    let other = format!("0.1.0@git:{}", "a".repeat(40));
    app.provenance(["certify", "victim", &other])
        .args(who)
        .run()
        .code(3)
        .stderr_has("nothing is pinned of that commit");
    app.provenance(["certify", "victim", &version])
        .args(who)
        .ok()
        .stderr_has(&format!("Binding victim {version}"));
    let audits = files::read(&app.path("supply-chain/audits.toml"));
    assert!(audits.contains(&format!("version = \"{version}\"\n")), "{audits}");
    app.provenance(["pin"]).ok();
    app.provenance(["check"]).ok();
    // What changed up to it, and what is only let through.
    app.provenance(["certify", "victim", &other, &version, "--unbound"]).args(who).ok();
    app.provenance(["certify", "victim", &version, "--exempt", "--notes", "ours"]).ok();
    let config = files::read(&app.path("supply-chain/config.toml"));
    assert!(config.contains(&format!("version = \"{version}\"\n")), "{config}");
    let list =
        format!("[[review]]\ncrate = \"victim\"\nversion = \"{version}\"\ncriteria = \"safe-to-run\"\n");
    app.with("reviews.toml", &list);
    app.provenance(["certify", "--batch", "reviews.toml"]).args(who).ok();
}

/// Lets `app` ship what only its tests needed.
fn ship(app: Project<'_>) {
    files::replace(&app.path("Cargo.toml"), "[dev-dependencies]\n", "");
}

/// Takes the review of `tester` away.
fn unreview(app: Project<'_>) {
    files::replace(&app.path("supply-chain/audits.toml"), &audit("tester", "safe-to-run"), "");
}

const SHIPPED: &str = "[not-audited]: `tester v1.0.0` was not reviewed for `safe-to-deploy`";

#[test]
fn what_a_person_accepted_for_tests_is_not_accepted_for_what_is_shipped() {
    let sandbox = Sandbox::new();
    let app = app(&sandbox, "all", &audit("deep", "safe-to-deploy"));
    app.policy("[checks]\nnot-audited = \"review\"");
    unreview(app);
    let reason = "tester@1.0.0:not-audited=only our tests use it";
    app.provenance(["pin", "--recheck", "--accept", reason]).ok();
    app.provenance(["check"]).ok();
    app.commit("gated");
    let before = state(app);
    app.provenance(["add", "tester"]).run().code(1).stderr_has(SHIPPED);
    assert_eq!(state(app), before);
    app.provenance(["add", "tester", "--accept", "not-audited=read it on the train"]).ok();
    let pins = files::read(&app.path("Provenance.lock"));
    assert!(pins.contains("on the train") && !pins.contains("only our tests"), "{pins}");
    app.provenance(["check", "--since", "HEAD"]).ok().stderr_has("Acceptance not-audited of tester v1.0.0");
    app.restore();
    ship(app);
    app.provenance(["check", "--since", "HEAD"])
        .run()
        .code(1)
        .stderr_has(SHIPPED)
        .stderr_has("`cargo provenance pin --recheck --accept 'tester@1.0.0:not-audited=REASON'`");
    // And that is the way out.
    let reason = "tester@1.0.0:not-audited=read it on the train";
    app.provenance(["pin", "--recheck", "--accept", reason]).ok();
    app.provenance(["check", "--since", "HEAD"]).ok();
}

#[test]
fn what_was_there_at_init_for_tests_is_not_there_for_what_is_shipped() {
    let sandbox = Sandbox::new();
    let app = app(&sandbox, "all", &audit("deep", "safe-to-deploy"));
    unreview(app);
    let baseline = "trust = { basis = \"baseline\" }\nbaseline = [\"not-audited\"]";
    let pins = files::read(&app.path("Provenance.lock"));
    let pin = pins.split("name = \"tester\"").nth(1).expect("a pin");
    let line = |start: &str| pin.lines().find(|line| line.starts_with(start)).expect("a line").to_owned();
    let (trust, vetted) = (line("trust = "), line("vetted = "));
    let (basis, list) = baseline.split_once('\n').expect("two lines");
    replace_in_pin(app, "tester", &format!("{trust}\n{vetted}"), &format!("{basis}\n{vetted}\n{list}"));
    app.provenance(["check"]).ok();
    app.commit("gated");
    let before = state(app);
    app.provenance(["add", "tester"]).run().code(1).stderr_has(SHIPPED);
    assert_eq!(state(app), before);
    ship(app);
    app.provenance(["check", "--since", "HEAD"]).run().code(1).stderr_has(SHIPPED);
}

#[test]
fn what_was_not_even_reviewed_for_tests_is_no_old_finding_once_it_is_shipped() {
    let sandbox = Sandbox::new();
    let app = app(&sandbox, "all", &audit("deep", "safe-to-deploy"));
    unreview(app);
    app.commit("red");
    app.provenance(["check", "--since", "HEAD"]).ok().stderr_has("it was there at `HEAD` already");
    ship(app);
    app.provenance(["check", "--since", "HEAD"])
        .run()
        .code(1)
        .stderr_has(SHIPPED)
        .stderr_lacks("it was there at `HEAD` already");
}

#[test]
fn a_change_that_loosens_what_is_asked_ships_nothing_that_was_there_for_tests() {
    let version = "version = \"0.10\"\n";
    let weaker = format!("{version}\n[policy.app.dependency-criteria]\ntester = \"safe-to-run\"\n");
    let required = "required = \"new\"";
    let edits = [
        ("Provenance.toml", required, "required = \"none\""),
        ("Provenance.toml", required, "required = \"new\"\ncriteria = \"safe-to-run\""),
        ("supply-chain/config.toml", version, &weaker),
    ];
    let sandbox = Sandbox::new();
    let app = app(&sandbox, "new", "");
    app.commit("gated");
    for (file, from, to) in edits {
        ship(app);
        files::replace(&app.path(file), from, to);
        app.provenance(["pin"]).ok();
        app.provenance(["check", "--since", "HEAD"])
            .run()
            .code(1)
            .stderr_has(SHIPPED)
            .stderr_has("by the policy at `HEAD`, which this change loosens");
        app.restore();
    }
}

#[test]
fn a_criterion_that_a_change_undefines_ships_nothing_that_was_there_for_tests() {
    let sandbox = Sandbox::new();
    let crypto = "\n[criteria.crypto]\ndescription = \"x\"\nimplies = \"safe-to-deploy\"\n";
    let app = app(&sandbox, "none", &format!("{crypto}{}", audit("victim", "crypto")));
    let asked = "required = \"new\"\ncriteria = \"crypto\"\ndev-criteria = \"safe-to-run\"";
    files::replace(&app.path("Provenance.toml"), "required = \"none\"", asked);
    app.provenance(["pin"]).ok();
    app.commit("gated");
    app.provenance(["check", "--since", "HEAD"]).ok();
    ship(app);
    files::replace(&app.path("Provenance.toml"), "criteria = \"crypto\"\n", "criteria = \"safe-to-run\"\n");
    let audits = files::read(&app.path("supply-chain/audits.toml"));
    files::write(
        &app.path("supply-chain/audits.toml"),
        audits.replace(crypto, "").replace(&audit("victim", "crypto"), ""),
    );
    app.provenance(["pin"]).ok();
    app.provenance(["check", "--since", "HEAD"])
        .run()
        .code(3)
        .stderr_has("2 packages could not be judged: the policy before asks for `crypto`");
}

#[test]
fn what_only_a_path_package_outside_of_the_workspace_needs_for_tests_is_not_shipped_unseen() {
    let sandbox = Sandbox::new();
    let app = app(&sandbox, "new", "");
    let near = "[package]\nname = \"near\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\n[dependencies]\ntester = \"1\"\n";
    app.with("near/Cargo.toml", near).with("near/src/lib.rs", "");
    files::replace(&app.path("Cargo.toml"), "tester = \"1\"", "near = { path = \"near\" }");
    files::append(&app.path("Cargo.toml"), "\n[workspace]\nexclude = [\"near\"]\n");
    files::replace(&app.path("Provenance.toml"), "own = []", "own = [\"near\"]");
    app.cargo(["generate-lockfile"]).ok();
    app.provenance(["pin"]).ok().stderr_has("Listing member near (near)");
    app.commit("gated");
    app.provenance(["check", "--since", "HEAD"]).ok();
    ship(app);
    app.provenance(["check", "--since", "HEAD"])
        .run()
        .code(1)
        .stderr_has(SHIPPED)
        .stderr_has("`safe-to-deploy` is required as a dependency of `app`, by way of `near`");
    app.restore();
    // As a member, it is shipped for its own sake.
    files::replace(&app.path("Cargo.toml"), "exclude = [\"near\"]", "members = [\"near\"]");
    app.provenance(["pin"]).ok();
    app.provenance(["check", "--since", "HEAD"]).run().code(1).stderr_has(SHIPPED);
}

#[cfg(unix)]
#[test]
fn a_policy_before_that_a_change_makes_unreadable_lets_nothing_in() {
    let sandbox = Sandbox::new();
    sandbox.registry().publish(&Krate::greeting("newcomer", "1.0.0", CLEAN));
    let app = app(&sandbox, "new", "");
    files::replace(&app.path("Provenance.toml"), "[audits]\nrequired = \"new\"", "");
    let base = app.path("real.toml");
    std::os::unix::fs::symlink("real.toml", app.path("base.toml")).expect("a link");
    let policy = files::read(&app.path("Provenance.toml"));
    let extend = |required: &str| {
        files::write(&base, format!("version = 1\n[audits]\nrequired = \"{required}\"\n"));
        let sha256 = sha256(files::read(&base).as_bytes());
        let entry = format!("\n[[extends]]\npath = \"base.toml\"\nsha256 = \"{sha256}\"\n");
        files::write(&app.path("Provenance.toml"), format!("{policy}{entry}"));
        app.provenance(["pin"]).ok();
    };
    extend("new");
    app.commit("gated");
    extend("none");
    // On its own it comes in: nothing in it has to meet anything.
    app.provenance(["check", "--since", "HEAD"]).ok().stderr_has("Not checked what was there at `HEAD`");
    app.provenance(["add", "newcomer"]).ok();
    let undecided = "could not be judged: nobody knows what was there at `HEAD`, since it cannot be read";
    app.provenance(["check", "--since", "HEAD"])
        .run()
        .code(3)
        .stderr_has(&format!("`newcomer v1.0.0` {undecided}"));
    app.restore();
    extend("none");
    ship(app);
    app.provenance(["check", "--since", "HEAD"]).run().code(3).stderr_has(&format!("2 packages {undecided}"));
}

#[test]
fn a_workspace_that_a_change_makes_within_another_one_does_not_get_away_from_its_policy() {
    let sandbox = Sandbox::new();
    let app = app(&sandbox, "all", "");
    app.commit("gated");
    files::append(&app.path("Cargo.toml"), "\n[workspace]\nexclude = [\"inner\"]\n");
    let inner = "[package]\nname = \"inner\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\n[dependencies]\ntester = \"1\"\n\n[workspace]\n";
    app.with("inner/Cargo.toml", inner).with("inner/src/lib.rs", "");
    let run = |arguments: &[&str]| sandbox.provenance(&app.path("inner")).args(arguments).run();
    sandbox.cargo(&app.path("inner")).args(["generate-lockfile"]).ok();
    run(&["init"]).code(0);
    let pins = app.path("inner/Provenance.lock");
    files::replace(&pins, "basis = \"baseline\"", "basis = \"policy\"");
    run(&["check"]).code(0);
    run(&["check", "--since", "HEAD"])
        .code(3)
        .stderr_has("nobody knows what was asked at `HEAD`, where `../Provenance.toml` was in force");
}
