//! Attacks on what is required of packages: what a change writes into pins, policies and the store to do without a review.

use serde_json::json;
use tests::krate::days_ago;
use tests::project::CLEAN;
use tests::registry::Response;
use tests::{Krate, Project, Sandbox, files};

const CONFIG: &str = "\n# cargo-vet config file\n\n[cargo-vet]\nversion = \"0.10\"\n";
const AUDITS: &str = "\n# cargo-vet audits file\n\n[[audits.victim]]\nwho = \"Ann <ann@example.org>\"\ncriteria = \"safe-to-deploy\"\nversion = \"1.0.0\"\n";

/// `app` behind the gate with a store, where reviews are required.
fn app<'s>(sandbox: &'s Sandbox, required: &str, audits: &str) -> Project<'s> {
    let app = Project::app(sandbox, "app").pinned();
    app.with("supply-chain/config.toml", CONFIG)
        .with("supply-chain/audits.toml", audits)
        .with("supply-chain/imports.lock", "");
    app.policy(&format!("[audits]\nrequired = \"{required}\""));
    app
}

/// Pins a package as if nobody had asked for reviews, and puts the policy back.
fn pinned_without_reviews(app: Project<'_>, spec: &str) {
    let policy = files::read(&app.path("Provenance.toml"));
    let loose = policy.replace("required = \"new\"", "required = \"none\"");
    files::write(&app.path("Provenance.toml"), loose);
    app.provenance(["pin"]).ok();
    app.provenance(["add", spec]).ok();
    files::write(&app.path("Provenance.toml"), policy);
    app.provenance(["pin"]).ok();
}

/// Writes by hand on what the trust in a package rests.
fn rests_on(app: Project<'_>, name: &str, trust: &str) {
    let pins = files::read(&app.path("Provenance.lock"));
    let at = pins.find(&format!("name = \"{name}\"")).expect("a pin");
    let (head, tail) = pins.split_at(at);
    let line = tail.lines().find(|line| line.starts_with("trust = ")).expect("a line");
    files::write(&app.path("Provenance.lock"), format!("{head}{}", tail.replacen(line, trust, 1)));
}

const BY_MOZILLA: &str = "trust = { basis = \"audit\", criteria = \"safe-to-deploy\", from = [\"mozilla\"] }";

#[test]
fn a_pin_that_a_change_brings_along_is_no_reason_to_ask_for_no_review() {
    let sandbox = Sandbox::new();
    sandbox.registry().publish(&Krate::greeting("other", "1.0.0", CLEAN));
    let app = app(&sandbox, "new", AUDITS);
    app.provenance(["check"]).ok();
    app.commit("gated");
    app.provenance(["add", "other"]).run().code(1).stderr_has("[not-audited]: `other v1.0.0`");
    pinned_without_reviews(app, "other");
    // The pin is there, and nobody can tell by it alone when it came.
    app.provenance(["check"]).ok();
    app.provenance(["check", "--since", "HEAD"]).run().code(1).stderr_has("[not-audited]: `other v1.0.0`");
    app.provenance(["certify", "other", "1.0.0", "--who", "Ann <ann@example.org>"]).ok();
    app.provenance(["check", "--since", "HEAD"]).ok();
}

#[test]
fn a_change_that_asks_nothing_of_a_package_gets_no_build_script_past_its_publishers_name() {
    let sandbox = Sandbox::new();
    let registry = sandbox.registry();
    let krate = |version, days| Krate::greeting("loud", version, CLEAN).published(Some(&days_ago(days)));
    registry.publish(&krate("1.0.0", 800));
    registry.publish(&krate("1.0.1", 400).build_script("fn main() {}\n"));
    let version = |num: &str, days| {
        json!({"crate": "loud", "num": num, "created_at": days_ago(days), "yanked": false, "trustpub_data": null,
            "published_by": {"id": 1, "login": "u", "name": "A Name", "avatar": "", "url": ""}})
    };
    let versions = json!({"versions": [version("1.0.0", 800), version("1.0.1", 400)], "meta": {"total": 2}});
    registry.respond("/api/v1/crates/loud/versions", Response::Body(versions.to_string().into_bytes()));
    let trust = format!(
        "\n[[trusted.loud]]\ncriteria = \"safe-to-deploy\"\nuser-id = 1\nstart = \"2015-01-01\"\nend = \"{}\"\n",
        &days_ago(0)[..10]
    );
    let app = app(
        &sandbox,
        &format!("all\"\npublishers-from = \"{}", registry.url("")),
        &format!("{AUDITS}{trust}"),
    );
    app.provenance(["db", "update"]).ok();
    app.provenance(["pin"]).ok();
    app.commit("gated");
    let accept =
        ["build-script-new", "build-time-code"].map(|it| format!("--accept=loud@1.0.1:{it}=why not"));
    let accept = accept.each_ref().map(String::as_str);
    app.with("supply-chain/config.toml", &format!("{CONFIG}\n[policy.app.dependency-criteria]\nloud = []\n"));
    app.provenance(["add", "loud@=1.0.1"]).args(accept).ok();
    app.provenance(["check"]).ok();
    app.provenance(["check", "--since", "HEAD"])
        .run()
        .code(1)
        .stderr_has("`[policy.app]` of `supply-chain/config.toml` is new")
        .stderr_has("error[publisher-not-enough]")
        .stderr_has("it has a build script, and 1.0.0 had none");
    // The same with a policy that changes, too.
    app.policy("[names]\nknown = [\"loudly\"]");
    app.provenance(["pin"]).ok();
    app.provenance(["check", "--since", "HEAD"]).run().code(1).stderr_has("error[publisher-not-enough]");
}

#[test]
fn a_pin_that_claims_reviews_which_there_are_not_is_refused_with_the_change_that_brings_it() {
    let sandbox = Sandbox::new();
    sandbox.registry().publish(&Krate::greeting("other", "1.0.0", CLEAN));
    let app = app(&sandbox, "none", AUDITS);
    app.commit("gated");
    app.provenance(["add", "other"]).ok();
    app.provenance(["check", "--since", "HEAD"]).ok();
    let publisher = BY_MOZILLA.replace("audit", "publisher");
    for trust in [BY_MOZILLA, &publisher] {
        rests_on(app, "other", trust);
        app.provenance(["check"])
            .ok()
            .stderr_has("note[trust-overstated]: the pin of `other v1.0.0` says more than is proven");
        app.provenance(["check", "--since", "HEAD"])
            .run()
            .code(1)
            .stderr_has("error[trust-overstated]: the pin of `other v1.0.0` says more than is proven")
            .stderr_has("cargo provenance pin --recheck");
    }
    // So is one of whose package the bytes were there, and that rested on something else.
    rests_on(app, "victim", BY_MOZILLA);
    app.provenance(["check", "--since", "HEAD"])
        .run()
        .code(1)
        .stderr_has("the pin of `victim v1.0.0` says more");
    app.provenance(["pin", "--recheck"]).ok();
    app.provenance(["check", "--since", "HEAD"]).ok().stderr_lacks("trust-overstated");
}

#[test]
fn what_was_reviewed_for_tests_alone_is_not_shipped_by_a_change() {
    let sandbox = Sandbox::new();
    sandbox.registry().publish(&Krate::greeting("tester", "1.0.0", CLEAN));
    let app = Project::app(&sandbox, "app");
    files::append(
        &app.path("Cargo.toml"),
        "\n[dev-dependencies]\nalias = { package = \"tester\", version = \"1\" }\n",
    );
    app.cargo(["generate-lockfile"]).ok();
    let tester = "\n[[audits.tester]]\nwho = \"Ann <ann@example.org>\"\ncriteria = \"safe-to-run\"\nversion = \"1.0.0\"\n";
    let app = app.pinned();
    app.with("supply-chain/config.toml", CONFIG)
        .with("supply-chain/audits.toml", &format!("{AUDITS}{tester}"))
        .with("supply-chain/imports.lock", "");
    app.policy("[audits]\nrequired = \"all\"");
    app.provenance(["check"]).ok();
    app.commit("gated");
    files::replace(&app.path("Cargo.toml"), "[dev-dependencies]\n", "[dependencies.alias]\n");
    files::replace(
        &app.path("Cargo.toml"),
        "alias = { package = \"tester\", version = \"1\" }",
        "package = \"tester\"\nversion = \"1\"",
    );
    for since in [&[][..], &["--since", "HEAD"]] {
        app.provenance(["check"])
            .args(since)
            .run()
            .code(1)
            .stderr_has("error[not-audited]: `tester v1.0.0` was not reviewed for `safe-to-deploy`");
    }
    // What was missing before already is still no news.
    files::replace(&app.path("Cargo.toml"), "[dependencies.alias]\n", "[dev-dependencies.alias]\n");
    app.with("supply-chain/audits.toml", &format!("{AUDITS}\n"));
    app.commit("without the review");
    files::append(&app.path("Cargo.toml"), "# a change\n");
    app.provenance(["check"]).run().code(1).stderr_has("error[not-audited]: `tester v1.0.0`");
    app.provenance(["check", "--since", "HEAD"]).ok().stderr_has("it was there at `HEAD` already");
}

#[test]
fn what_a_change_does_to_the_store_is_told() {
    let sandbox = Sandbox::new();
    let warning = "\n[[audits.other]]\nwho = \"Ann\"\ncriteria = \"safe-to-run\"\nviolation = \"*\"\n";
    let app = app(&sandbox, "none", &format!("{AUDITS}{warning}"));
    app.provenance(["pin"]).ok();
    app.commit("gated");
    app.provenance(["check", "--since", "HEAD"]).ok().stderr_lacks("Reviews ");
    let exempted = "\n[[exemptions.other]]\nversion = \"1.0.0\"\ncriteria = \"safe-to-deploy\"\n";
    app.with("supply-chain/audits.toml", AUDITS)
        .with("supply-chain/config.toml", &format!("{CONFIG}{exempted}"));
    app.provenance(["check", "--since", "HEAD"])
        .ok()
        .stderr_has("Reviews `supply-chain/config.toml` was changed")
        .stderr_has("Reviews `supply-chain/audits.toml` was changed: 1 warning was removed")
        .stderr_has("Exemption other 1.0.0");
}
