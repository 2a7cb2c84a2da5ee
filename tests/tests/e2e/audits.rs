//! Reviews of others and of the team: what they refuse, what they let in, and how somebody gets around them.

use tests::krate::sha256;
use tests::project::CLEAN;
use tests::{Krate, Project, Sandbox, files};

const CONFIG: &str = "\n# cargo-vet config file\n\n[cargo-vet]\nversion = \"0.10\"\n";
const FULL: &str = "\n# cargo-vet audits file\n\n[[audits.victim]]\nwho = \"Ann <ann@example.org>\"\ncriteria = \"safe-to-deploy\"\nversion = \"1.0.0\"\n";
const VIOLATION: &str = "[[audits.victim]]\nwho = \"Ann\"\ncriteria = \"safe-to-run\"\nviolation = \"<1.1\"\nnotes = \"sends keys away\"\n";

/// `app` behind the gate, with a `supply-chain/`.
fn app<'s>(sandbox: &'s Sandbox, config: &str, audits: &str) -> Project<'s> {
    let app = Project::app(sandbox, "app").pinned();
    with_store(app, config, audits);
    app
}

fn with_store(app: Project<'_>, config: &str, audits: &str) {
    let audits = if audits.is_empty() { "[audits]\n" } else { audits };
    app.with("supply-chain/config.toml", &format!("{CONFIG}{config}"))
        .with("supply-chain/audits.toml", audits)
        .with("supply-chain/imports.lock", "");
}

/// Imports a set of somebody else, and pins under the new policy whatever comes of it.
fn import(app: Project<'_>, rules: &str, set: &str, filters: &str) {
    files::write(&app.path("audits/theirs.toml"), set);
    let digest = sha256(set.as_bytes());
    let entry = format!(
        "\n[audits]\n{rules}\n[audits.import.theirs]\npath = \"audits/theirs.toml\"\nsha256 = \"{digest}\"\n{filters}"
    );
    let policy = files::read(&app.path("Provenance.toml"));
    let own = policy.split("\n[audits]").next().expect("a policy");
    files::write(&app.path("Provenance.toml"), format!("{own}{entry}"));
}

#[test]
fn a_violation_is_not_hidden_by_an_exemption_or_a_review() {
    let sandbox = Sandbox::new();
    let exemption = "\n[[exemptions.victim]]\nversion = \"1.0.0\"\ncriteria = \"safe-to-deploy\"\n";
    let app = app(&sandbox, exemption, FULL);
    app.provenance(["check"]).ok();
    with_store(app, exemption, &format!("{FULL}{VIOLATION}"));
    for command in ["check", "pin"] {
        app.provenance([command])
            .run()
            .code(1)
            .stderr_has("error[audit-violation]: `victim v1.0.0` does not meet `safe-to-run`")
            .stderr_has("sends keys away")
            .stderr_has("supply-chain/audits.toml:");
    }
    // Nobody waves it through.
    app.provenance(["pin", "--recheck", "--accept", "victim:audit-violation=why not"])
        .run()
        .code(2)
        .stderr_has("nobody may wave `audit-violation` through");
    // A version that the violation does not cover is not concerned.
    with_store(app, "", &VIOLATION.replace("<1.1", ">=1.1"));
    app.provenance(["check"]).ok();
}

#[test]
fn a_review_of_another_version_lets_nothing_in() {
    let sandbox = Sandbox::new();
    let registry = sandbox.registry();
    registry.publish(&Krate::greeting("other", "1.0.0", CLEAN));
    registry.publish(&Krate::greeting("other", "1.0.1", CLEAN));
    let app = app(&sandbox, "", &FULL.replace("victim", "other"));
    app.policy("[audits]\nrequired = \"new\"");
    app.provenance(["add", "other@=1.0.1"])
        .run()
        .code(1)
        .stderr_has("error[not-audited]: `other v1.0.1` was not reviewed for `safe-to-deploy`")
        .stderr_has("a review of what changed from 1.0.0 to 1.0.1 would do")
        .stderr_has("required here");
    app.provenance(["add", "other@=1.0.0"]).ok();
    let pins = files::read(&app.path("Provenance.lock"));
    let trust = "trust = { basis = \"audit\", criteria = \"safe-to-deploy\", from = [\"supply-chain\"] }";
    assert!(pins.contains(trust), "{pins}");
    app.provenance(["check"]).ok().stderr_lacks("audits: neither");
    app.provenance(["explain", "other"])
        .ok()
        .stdout_has("somebody reviewed it for safe-to-deploy (supply-chain)");
    // What was pinned before anybody asked for reviews is asked for with `all`.
    let policy = files::read(&app.path("Provenance.toml"));
    files::write(&app.path("Provenance.toml"), policy.replace("required = \"new\"", "required = \"all\""));
    app.provenance(["pin"]).run().code(1).stderr_has("error[not-audited]: `victim v1.0.0`");
}

#[test]
fn an_import_whose_bytes_changed_decides_nothing() {
    let sandbox = Sandbox::new();
    let app = Project::app(&sandbox, "app").pinned();
    import(app, "required = \"all\"", FULL, "");
    app.provenance(["pin"]).ok();
    app.provenance(["check"]).ok();
    app.provenance(["pin", "--recheck"]).ok();
    assert!(files::read(&app.path("Provenance.lock")).contains("from = [\"theirs\"]"));
    let evil = FULL.replace("1.0.0", "6.6.6");
    files::write(&app.path("audits/theirs.toml"), &evil);
    app.provenance(["check"])
        .run()
        .code(3)
        .stderr_has("`audits/theirs.toml` is not what was imported as `theirs`")
        .stderr_has(&sha256(evil.as_bytes()));
    app.provenance(["pin"]).run().code(3);
    std::fs::remove_file(app.path("audits/theirs.toml")).expect("removed");
    app.provenance(["check"]).run().code(3).stderr_has("there is no file `audits/theirs.toml`");
}

#[test]
fn filters_and_age_narrow_what_an_import_proves() {
    let sandbox = Sandbox::new();
    let app = Project::app(&sandbox, "app").pinned();
    for (filters, code, said) in [
        ("auditors = [\"ann@example.org\"]\n", 0, ""),
        ("auditors = [\"bob@example.org\"]\n", 1, "error[not-audited]: `victim v1.0.0`"),
        ("kinds = [\"delta\"]\n", 1, "error[not-audited]"),
        (
            "date = \"2020-01-01\"\nmax-age = \"90 days\"\n",
            3,
            "the audits of `theirs` are of 2020-01-01, and may be 90 days old: put a newer copy in its place",
        ),
        // What is dated ahead would never grow old.
        (
            "date = \"2999-01-01\"\nmax-age = \"90 days\"\n",
            3,
            "the audits of `theirs` are of 2999-01-01, which is still to come",
        ),
    ] {
        import(app, "required = \"all\"", FULL, filters);
        app.provenance(["pin", "--recheck"]).run().code(code).stderr_has(said);
    }
}

#[test]
fn a_hostile_set_loses_only_its_bad_entries() {
    let sandbox = Sandbox::new();
    let app = Project::app(&sandbox, "app").pinned();
    let mut set = FULL.to_owned();
    for number in 0..70 {
        let next = (number + 1) % 70;
        set +=
            &format!("[criteria.c{number}]\ndescription = \"x\"\nimplies = [\"c{next}\", \"c{number}\"]\n");
    }
    let notes = "\u{202e}\u{1b}[31m".repeat(5_000);
    set += &format!("[[audits.huge]]\ncriteria = \"c0\"\nversion = \"1.0.0\"\nnotes = {notes:?}\n")
        .replace("\\u{202e}", "\u{202e}")
        .replace("\\u{1b}", "\\u001b");
    set += "[[audits.victim]]\ncriteria = \"nobody-defines-it\"\nversion = \"1.0.0\"\n";
    set += "[[wildcard-audits.victim]]\ncriteria = \"safe-to-run\"\nuser-id = 1\nstart = \"9999-99-99\"\nend = \"2020-01-01\"\n";
    import(app, "required = \"all\"", &set, "");
    app.provenance(["pin"])
        .run()
        .code(0)
        .stderr_has("entries of `theirs` that cannot be read: audits/theirs.toml:");
    // A violation that cannot be read may be about anything.
    set += "[[audits.victim]]\ncriteria = \"safe-to-run\"\nviolation = 5\n";
    import(app, "required = \"all\"", &set, "");
    app.provenance(["pin"]).run().code(1).stderr_has(
        "error[audit-violation]: `victim v1.0.0` may be what a violation is about that cannot be read",
    );
}

#[test]
fn a_store_that_cannot_be_read_leaves_everything_undecided() {
    let sandbox = Sandbox::new();
    let app = app(&sandbox, "", FULL);
    for (audits, said) in [
        ("[audits\n", "supply-chain/audits.toml:1"),
        (
            "[[audits.victim]]\ncriteria = \"unknown\"\nversion = \"1.0.0\"\n",
            "`unknown` is no criterion of the store",
        ),
    ] {
        with_store(app, "", audits);
        app.provenance(["check"])
            .run()
            .code(3)
            .stderr_has(said)
            .stderr_has("not judged: audit-violation, not-audited, review-of-other-bytes");
    }
    std::fs::remove_file(app.path("supply-chain/config.toml")).expect("removed");
    app.provenance(["check"]).run().code(3).stderr_has("one of `config.toml` and `audits.toml` only");
}

/// Lines as cargo-vet 0.10 writes them, with what `certify` adds in the middle.
const CANONICAL: &str = r#"
# cargo-vet audits file

[[audits.other]]
who = "Bob <bob@example.org>"
criteria = "safe-to-run"
version = "2.0.0"
notes = """
Two lines.
And a "quote"."""

[[audits.victim]]
who = "Ann <ann@example.org>"
criteria = "safe-to-deploy"
version = "1.0.0"
notes = "read it"
"#;

#[test]
fn what_is_certified_is_written_as_cargo_vet_writes_it_and_lets_the_version_in() {
    let sandbox = Sandbox::new();
    let registry = sandbox.registry();
    registry.publish(&Krate::greeting("other", "2.0.0", CLEAN));
    let app = Project::app(&sandbox, "app").pinned();
    let ann = ["--who", "Ann <ann@example.org>"];
    app.provenance(["suggest"]).ok().stdout_has("cargo provenance certify victim 1.0.0  # ");
    app.provenance(["certify", "victim", "1.0.0", "--criteria", "unheard-of"])
        .args(ann)
        .run()
        .code(2)
        .stderr_has("`unheard-of` is no criterion of the store");
    assert!(!app.path("supply-chain").exists(), "nothing is written for what is refused");
    app.provenance(["certify", "victim", "1.0.0", "--notes", "read it"]).args(ann).ok();
    let (before, rest) = CANONICAL.split_once("[[audits.other]]").expect("two audits");
    let (_, after) = rest.split_once("[[audits.victim]]").expect("two audits");
    assert_eq!(
        files::read(&app.path("supply-chain/audits.toml")),
        format!("{before}[[audits.victim]]{after}")
    );
    assert_eq!(files::read(&app.path("supply-chain/config.toml")), CONFIG);
    app.provenance(["certify", "victim", "1.0.0", "--notes", "read it"])
        .args(ann)
        .ok()
        .stderr_has("nothing was changed");
    let bob = ["--who", "Bob <bob@example.org>", "--criteria", "safe-to-run"];
    let notes = "Two lines.\nAnd a \"quote\".";
    app.provenance(["certify", "other", "2.0.0", "--notes", notes]).args(bob).ok();
    assert_eq!(files::read(&app.path("supply-chain/audits.toml")), CANONICAL);
    app.policy("[audits]\nrequired = \"all\"");
    app.provenance(["suggest"]).ok().stdout_lacks("certify victim").stderr_has("1 package reviewed");

    registry.publish(&Krate::greeting("victim", "1.0.1", "still clean"));
    app.cargo(["update"]).ok();
    app.provenance(["pin"])
        .run()
        .code(1)
        .stderr_has("error[not-audited]: `victim v1.0.1`")
        .stderr_has("run `cargo provenance certify victim 1.0.1`");
    let output = app.provenance(["suggest"]).ok();
    assert!(output.stdout.contains("cargo provenance certify victim 1.0.0 1.0.1  # "), "{output}");
    app.provenance(["certify", "victim", "1.0.0", "1.0.1"]).args(ann).ok();
    app.provenance(["pin"]).ok();
    app.provenance(["check"]).ok();
    // Somebody finds out more.
    app.provenance(["certify", "victim", "--violation", "=1.0.1", "--notes", "it was not"]).args(ann).ok();
    app.provenance(["check"]).run().code(1).stderr_has("error[audit-violation]: `victim v1.0.1`");
}

#[test]
fn a_change_cannot_free_itself_from_reviews() {
    let sandbox = Sandbox::new();
    sandbox.registry().publish(&Krate::greeting("other", "1.0.0", CLEAN));
    let app = app(&sandbox, "", FULL);
    app.policy("[audits]\nrequired = \"all\"");
    app.commit("gated");
    let policy = files::read(&app.path("Provenance.toml"));
    files::write(&app.path("Provenance.toml"), policy.replace("required = \"all\"", "required = \"none\""));
    app.provenance(["pin"]).ok();
    app.provenance(["add", "other"]).ok();
    app.provenance(["check"]).ok();
    app.provenance(["check", "--since", "HEAD"]).run().code(1).stderr_has("[not-audited]: `other v1.0.0`");
    app.provenance(["certify", "other", "1.0.0", "--who", "Ann <ann@example.org>"]).ok();
    app.provenance(["check", "--since", "HEAD"]).ok();
}
