//! What somebody sees who meets reviews for the first time: calm screens, names that are theirs, and ways out that are one.

use tests::project::CLEAN;
use tests::registry::Response;
use tests::{Krate, Project, Sandbox, files};

const CONFIG: &str = "\n# cargo-vet config file\n\n[cargo-vet]\nversion = \"0.10\"\n";
const PUBLISHERS: &str = "\n# cargo-vet imports lock\n\n[[publisher.victim]]\nversion = \"1.0.0\"\nwhen = \"2026-01-02\"\nuser-id = 7\nuser-login = \"ann\"\n";

fn trusted(names: &[&str], start: &str) -> String {
    let entry = |name: &&str| {
        format!(
            "\n[[trusted.{name}]]\ncriteria = \"safe-to-deploy\"\nuser-id = 7\nstart = \"{start}\"\nend = \"2026-12-01\"\n"
        )
    };
    format!("\n# cargo-vet audits file\n\n[audits]\n{}", names.iter().map(entry).collect::<String>())
}

fn store<'s>(app: Project<'s>, audits: &str) -> Project<'s> {
    app.with("supply-chain/config.toml", CONFIG)
        .with("supply-chain/audits.toml", audits)
        .with("supply-chain/imports.lock", PUBLISHERS)
}

#[test]
fn a_store_with_many_publishers_is_taken_over_in_a_few_lines_and_verbose_lists_each() {
    let sandbox = Sandbox::new();
    let registry = sandbox.registry();
    let many = ["a", "b", "c", "d", "e", "f"];
    for name in many {
        registry.publish(&Krate::greeting(name, "1.0.0", CLEAN));
    }
    let app = Project::app(&sandbox, "app");
    let dependencies = many.map(|name| format!("{name} = \"1\"\n")).concat();
    files::append(&app.path("Cargo.toml"), &format!("\n[build-dependencies]\n{dependencies}"));
    app.cargo(["generate-lockfile"]).ok();
    let app = store(app, &trusted(&[&many[..], &["victim"]].concat(), "2026-01-01"));
    let afresh = || {
        for name in ["Provenance.toml", "Provenance.lock"] {
            std::fs::remove_file(app.path(name)).ok();
        }
    };
    let said = app.provenance(["init", "--from", "supply-chain"]).ok();
    let said = said
        .stderr_has("7 settings from `trusted.a` to `trusted.victim`: stricter here: a publisher's name")
        .stderr_lacks("`trusted.c`")
        .stderr_has("7 packages passed as baseline")
        .stderr_has("3 more; `-v` lists them");
    assert_eq!(said.stderr.matches("never stands alone").count(), 1, "{said}");
    afresh();
    let mut said = app.provenance(["init", "-v", "--from", "supply-chain"]).ok();
    for name in many {
        said =
            said.stderr_has(&format!("`trusted.{name}`: stricter")).stderr_has(&format!("{name} v1.0.0: "));
    }
    afresh();
    let said = app.provenance(["init", "--from", "supply-chain", "--message-format", "json"]).ok();
    said.stdout_has("`trusted.c`: stricter").stdout_has("c v1.0.0: ");
}

#[test]
fn nobody_is_told_to_trust_whom_the_store_trusts_with_that_release_already() {
    let sandbox = Sandbox::new();
    let app = Project::app(&sandbox, "app").pinned();
    let hint = "`ann` published it on 2026-01-02, and is trusted for elsewhere";
    store(app, &trusted(&["elsewhere"], "2026-01-01")).provenance(["suggest"]).ok().stdout_has(hint);
    let both = ["elsewhere", "victim"];
    store(app, &trusted(&both, "2026-01-01"))
        .provenance(["suggest"])
        .ok()
        .stdout_has("certify victim 1.0.0")
        .stdout_lacks("is trusted for");
    // An entry that begins later says nothing of it.
    store(app, &trusted(&both, "2026-01-03")).provenance(["suggest"]).ok().stdout_has(hint);
}

#[test]
fn a_review_is_by_name_and_address_of_whoever_git_commits_as() {
    let sandbox = Sandbox::new();
    let app = Project::app(&sandbox, "app").pinned();
    let audits = || files::read(&app.path("supply-chain/audits.toml"));
    for (name, who) in [("Ann A.", "Ann A. <ann@example.org>"), ("Eve <ann@example.org>,", "ann@example.org")]
    {
        let settings = format!("[user]\n\tname = \"{name}\"\n\temail = ann@example.org\n");
        files::write(&sandbox.home().join(".gitconfig"), settings);
        std::fs::remove_dir_all(app.path("supply-chain")).ok();
        app.provenance(["certify", "victim", "1.0.0"]).ok();
        assert!(audits().contains(&format!("who = \"{who}\"\n")), "{}", audits());
    }
    app.provenance(["certify", "victim", "1.0.0", "--exempt"]).ok().stderr_has("Exempting victim 1.0.0: ");
}

#[test]
fn an_import_of_a_file_is_not_sent_to_an_update_that_it_does_not_have() {
    let sandbox = Sandbox::new();
    let set = "[[audits.victim]]\nwho = \"Ann\"\ncriteria = \"safe-to-deploy\"\nversion = \"1.0.0\"\n";
    let app = Project::app(&sandbox, "app").pinned().with("set.toml", set);
    app.provenance(["db", "import", "theirs", "set.toml", "--yes"]).ok();
    app.provenance(["db", "import", "theirs", "set.toml", "--yes"])
        .run()
        .code(2)
        .stderr_has("take `[audits.import.theirs]` and `audits/theirs.toml` away first");
    app.provenance(["db", "update", "theirs"])
        .run()
        .code(2)
        .stderr_has("`theirs` has no `url` that it could be updated from")
        .stderr_has("write one into `[audits.import.theirs]`");
}

#[test]
fn an_update_that_is_about_other_crates_alone_says_so_in_its_first_line() {
    let sandbox = Sandbox::new();
    let ours = "[[audits.victim]]\nwho = \"Ann\"\ncriteria = \"safe-to-deploy\"\nversion = \"1.0.0\"\n";
    let others = ours.replace("victim", "elsewhere");
    let app = Project::app(&sandbox, "app").pinned();
    let url = sandbox.registry().url("/set.toml");
    let serve = |set: &str| sandbox.registry().respond("/set.toml", Response::Body(set.as_bytes().to_vec()));
    serve(&format!("{ours}{others}"));
    app.provenance(["db", "import", "theirs", &url, "--yes"]).ok();
    serve(ours);
    app.provenance(["db", "update", "theirs"]).ok().stderr_has(
        "note[import-revokes]: `theirs` takes back 1 thing, of crates that are not in `Cargo.lock`\n",
    );
}
