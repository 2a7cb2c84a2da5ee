//! Sets of others that are fetched: what an update shows, what it writes, and what never gets in.

use tests::krate::sha256;
use tests::registry::Response;
use tests::{Advisory, AdvisoryDb, Project, Registry, Run, Sandbox, files};

const FULL: &str = "[[audits.victim]]\nwho = \"Ann <ann@example.org>\"\ncriteria = \"safe-to-deploy\"\nversion = \"1.0.0\"\n";
const OTHER: &str =
    "[[audits.elsewhere]]\nwho = \"Ann\"\ncriteria = \"safe-to-run\"\ndelta = \"1.0.0 -> 1.0.1\"\n";
const VIOLATION: &str =
    "[[audits.victim]]\nwho = \"Ann\"\ncriteria = \"safe-to-run\"\nviolation = \"=6.6.6\"\n";

/// `app` behind the gate, whose policy imports a set from the registry's server.
fn app<'s>(sandbox: &'s Sandbox, set: &str) -> Project<'s> {
    let app = Project::app(sandbox, "app").pinned();
    serve(sandbox, set);
    let entry = format!(
        "\n[audits]\nrequired = \"all\"\n\n# Ann's, see the wiki\n[audits.import.theirs]\nurl = \"{}\" # hers\n",
        url(sandbox)
    );
    let policy = files::read(&app.path("Provenance.toml"));
    files::write(&app.path("Provenance.toml"), format!("{policy}{entry}"));
    app
}

fn url(sandbox: &Sandbox) -> String {
    sandbox.registry().url("/set.toml")
}

fn serve(sandbox: &Sandbox, set: &str) {
    sandbox.registry().respond("/set.toml", Response::Body(set.as_bytes().to_vec()));
}

/// Updates the audits alone; the databases of advisories have tests of their own.
fn update<'p>(app: Project<'p>, flags: &[&str]) -> Run {
    let run = app.provenance(["db", "update", "theirs"]);
    run.args(flags).env("CARGO_HTTP_TIMEOUT", "2")
}

fn policy(app: Project<'_>) -> String {
    files::read(&app.path("Provenance.toml"))
}

fn copy(app: Project<'_>) -> String {
    files::read(&app.path("audits/theirs.toml"))
}

#[test]
fn a_set_is_taken_over_once_it_was_shown_and_agreed_to() {
    let sandbox = Sandbox::new();
    let app = app(&sandbox, &format!("{FULL}{OTHER}"));
    // Before that it decides nothing.
    app.provenance(["pin"]).run().code(3).stderr_has("were never fetched: run `cargo provenance db update`");
    app.provenance(["db", "status"]).run().code(3).stderr_has("the audits of `theirs` were never fetched");
    let before = policy(app);
    for flags in [&[][..], &["--dry-run"], &["--locked"], &["--locked", "--yes"]] {
        update(app, flags)
            .run()
            .code(0)
            .stderr_has("note[import-adds]: `theirs` adds 1 entry")
            .stderr_has("`victim`: review of 1.0.0 for safe-to-deploy, by Ann <ann@example.org>")
            .stderr_has("1 for crates that are not in `Cargo.lock`")
            .stderr_has("nothing of `theirs` was taken over")
            .stderr_lacks("elsewhere");
        assert_eq!(policy(app), before);
        assert!(!app.path("audits").exists() && !app.path(".provenance").exists());
    }
    update(app, &["-v"]).ok().stderr_has("`elsewhere`: review of 1.0.0 -> 1.0.1 for safe-to-run, by Ann");
    update(app, &["--yes"]).ok().stderr_has("run `cargo provenance pin`");
    let set = format!("{FULL}{OTHER}");
    assert_eq!(copy(app), set);
    // Not a byte of the policy but the two lines.
    let pinned = policy(app);
    let added = pinned.strip_prefix(&before).expect("what was there, and more");
    let (digest, date) = added.split_once('\n').expect("two lines");
    assert_eq!(digest, format!("sha256 = \"{}\"", sha256(set.as_bytes())));
    assert!(date.starts_with("date = \"20"), "{date}");
    app.provenance(["pin", "--recheck"]).ok();
    app.provenance(["check"]).ok();
    app.provenance(["db", "status"]).run().stderr_has("`theirs`: 2 entries, of 20").stderr_has(", today");
    // Judging asks nobody.
    sandbox.registry().respond("/set.toml", Response::Status(404));
    sandbox.registry().forget_requests();
    app.provenance(["check"]).ok();
    assert!(!sandbox.registry().requests().contains(&"/set.toml".to_owned()));
}

/// The same with a pinned copy that is agreed to.
fn pinned<'s>(sandbox: &'s Sandbox, set: &str) -> Project<'s> {
    let app = app(sandbox, set);
    update(app, &["--yes"]).ok();
    app
}

#[test]
fn what_an_update_takes_back_is_shown_before_what_it_adds() {
    let sandbox = Sandbox::new();
    let criterion = "[criteria.sound]\ndescription = \"hard\"\n";
    let app = pinned(&sandbox, &format!("{FULL}{VIOLATION}{criterion}"));
    let newer = FULL.replace("1.0.0", "1.0.1") + "[criteria.sound]\ndescription = \"easy\"\n";
    serve(&sandbox, &newer);
    let told = update(app, &[]).ok();
    let order = [
        "review[import-revokes]: `theirs` takes back 1 thing",
        "`victim`: review of 1.0.0 for safe-to-deploy, by Ann <ann@example.org>",
        "review[import-unwarns]: `theirs` no longer has 1 warning",
        "`victim`: violation of =6.6.6 for safe-to-run, by Ann",
        "review[import-redefines]: `theirs` gives another meaning to 1 criterion",
        "criterion `sound` has another description",
        "note[import-adds]: `theirs` adds 1 entry",
        "`victim`: review of 1.0.1",
    ];
    let places =
        order.map(|text| told.stderr.find(text).unwrap_or_else(|| panic!("{text}: {}", told.stderr)));
    assert!(places.is_sorted(), "{}", told.stderr);
    let lines = update(app, &["--message-format", "json"]).run().stdout;
    let lines = lines.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).expect("JSON"));
    let ids = lines.filter_map(|line| line["id"].as_str().map(str::to_owned)).collect::<Vec<_>>();
    assert_eq!(ids, ["import-revokes", "import-unwarns", "import-redefines", "import-adds"]);
    update(app, &["--yes"]).ok();
    assert_eq!(copy(app), newer);
    app.provenance(["pin", "--recheck"]).run().code(1).stderr_has("error[not-audited]: `victim v1.0.0`");
}

#[test]
fn what_is_no_set_never_takes_the_place_of_a_good_copy() {
    let sandbox = Sandbox::new();
    let app = pinned(&sandbox, FULL);
    let before = policy(app);
    let full = || FULL.as_bytes().to_vec();
    let registry: &Registry = sandbox.registry();
    for (response, said) in [
        (Response::Status(404), "answers with status 404"),
        (Response::Status(503), "answers with status 503"),
        (Response::Body(b"<!DOCTYPE html><title>Sign in</title>".to_vec()), "it is a page for browsers"),
        (Response::Body(b"{\"message\": \"Not Found\"}".to_vec()), "is no set of audits: line 1"),
        (Response::Body(vec![]), "it has no entries"),
        (Response::Body(b"[audits]\n".to_vec()), "it has no entries"),
        (Response::Body(full()[..60].to_vec()), "is no set of audits: line "),
        (Response::Body(vec![b'#'; 26_000_000]), "sends more than 25165824 bytes"),
        (Response::Body(vec![b'#'; 17_000_000]), "are read at most"),
        (Response::Truncated(full(), 30), "cannot be fetched"),
        (Response::Stalled, "it takes too long"),
        (
            Response::Redirect("file:///etc/passwd".into()),
            "redirects to an address that is no `https` address",
        ),
        (Response::Redirect("http://example.org/".into()), "redirects to an address that is not protected"),
        (Response::Redirect(url(&sandbox)), "redirects more than 5 times"),
        (Response::Headed("Content-Encoding", "gzip", full()), "sends something compressed"),
        (Response::Headed("X-Gitiles-Object-Type", "tree", full()), "it is a folder"),
        (Response::Headed("X-Gitiles-Object-Type", "blob", full()), "it is not base64"),
    ] {
        registry.respond("/set.toml", response);
        update(app, &["--yes"])
            .run()
            .code(3)
            .stderr_has("error[import-not-updated]")
            .stderr_has(said)
            .stderr_has("the audits of `theirs` stay as they are");
        assert_eq!((copy(app), policy(app)), (FULL.to_owned(), before.clone()), "{said}");
    }
    // A mirror may lead on, and Gitiles packs what it sends.
    registry.respond("/moved.toml", Response::Headed("X-Gitiles-Object-Type", "blob", base64(OTHER)));
    registry.respond("/set.toml", Response::Redirect("/moved.toml".into()));
    update(app, &["--yes"]).ok();
    assert_eq!(copy(app), OTHER);
}

fn base64(text: &str) -> Vec<u8> {
    const DIGITS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let group = |chunk: &[u8]| {
        let bits =
            chunk.iter().fold(0_u32, |bits, byte| bits << 8 | u32::from(*byte)) << (8 * (3 - chunk.len()));
        let digit = |at: usize| DIGITS[(bits >> (18 - 6 * at) & 63) as usize];
        [0, 1, 2, 3].map(|at| if at <= chunk.len() { digit(at) } else { b'=' })
    };
    text.as_bytes().chunks(3).flat_map(group).collect()
}

#[test]
fn a_set_that_lost_most_of_itself_is_not_taken_for_a_newer_one() {
    let sandbox = Sandbox::new();
    let many = (0..20).map(|minor| FULL.replace("1.0.0", &format!("1.{minor}.0"))).collect::<String>();
    let app = pinned(&sandbox, &many);
    serve(&sandbox, FULL);
    update(app, &["--yes"]).run().code(3).stderr_has("of 20 entries of `theirs`, the new state has 1");
    assert_eq!(copy(app), many);
    update(app, &["--yes", "--allow-rollback"]).ok().stderr_has("takes back 19 things");
    assert_eq!(copy(app), FULL);
}

#[test]
fn a_copy_that_somebody_changed_is_not_overwritten_and_tells_nothing() {
    let sandbox = Sandbox::new();
    let app = pinned(&sandbox, FULL);
    // Put back where it was lost.
    std::fs::remove_file(app.path("audits/theirs.toml")).expect("removed");
    update(app, &["--yes"]).ok();
    assert_eq!(copy(app), FULL);
    let evil = FULL.replace("1.0.0", "6.6.6");
    files::write(&app.path("audits/theirs.toml"), &evil);
    update(app, &["--yes"]).run().code(3).stderr_has("is not what was imported as `theirs`");
    assert_eq!(copy(app), evil);
    // What lies there before anything was pinned may be anybody's.
    let unpinned =
        policy(app).lines().filter(|line| !line.starts_with("sha256")).collect::<Vec<_>>().join("\n");
    files::write(&app.path("Provenance.toml"), unpinned);
    update(app, &["--yes"]).run().code(3).stderr_has("there is a file `audits/theirs.toml` already");
    assert_eq!(copy(app), evil);
}

#[test]
fn nobody_is_asked_offline_and_a_name_that_is_none_is_told() {
    let sandbox = Sandbox::new();
    let app = app(&sandbox, FULL);
    for flag in ["--offline", "--frozen"] {
        sandbox.registry().forget_requests();
        update(app, &[flag, "--yes"]).run().code(3).stderr_has("imported audits cannot be updated offline");
        assert!(sandbox.registry().requests().is_empty());
    }
    app.provenance(["db", "update", "nobody"]).run().code(2).stderr_has("it has: theirs");
    let plain = policy(app).replace("http://127.0.0.1", "http://example.org");
    files::write(&app.path("Provenance.toml"), plain);
    update(app, &[]).run().code(2).stderr_has("is not protected; only `https` is fetched");
}

#[test]
fn a_new_import_is_added_from_an_address_or_a_file() {
    let sandbox = Sandbox::new();
    let app = Project::app(&sandbox, "app").pinned();
    serve(&sandbox, FULL);
    let before = policy(app);
    let address = url(&sandbox);
    app.provenance(["db", "import", "ann", &address]).ok().stderr_has("`--yes` does that");
    assert_eq!(policy(app), before);
    app.provenance(["db", "import", "ann", &address, "--yes"]).ok().stderr_has("adds 1 entry");
    assert_eq!(files::read(&app.path("audits/ann.toml")), FULL);
    assert!(policy(app).starts_with(&before));
    app.provenance(["db", "import", "ann", &address, "--yes"])
        .run()
        .code(2)
        .stderr_has("is imported already");
    files::write(&app.path("bobs"), OTHER);
    app.provenance(["db", "import", "bob", "bobs", "--yes"]).ok();
    assert_eq!(files::read(&app.path("audits/bob.toml")), OTHER);
    app.provenance(["pin", "--recheck"]).ok();
    app.provenance(["check"]).ok();
    for (name, from, said) in [
        ("../evil", address.as_str(), "cannot be added"),
        ("eve", "https://me:secret@example.org/a", "`example.org/a` holds credentials"),
        ("eve", "nowhere", "there is no file `nowhere`"),
        ("eve", "Cargo.toml", "it has no entries"),
    ] {
        let before = policy(app);
        let told = app.provenance(["db", "import", name, from, "--yes"]).run();
        told.code_in(&[2, 3]).stderr_has(said).stderr_lacks("secret");
        assert_eq!(policy(app), before);
    }
}

#[test]
fn several_addresses_are_put_together() {
    let sandbox = Sandbox::new();
    let app = app(&sandbox, FULL);
    let more = sandbox.registry().url("/more.toml");
    sandbox.registry().respond("/more.toml", Response::Body(OTHER.as_bytes().to_vec()));
    let one = format!("url = \"{}\"", url(&sandbox));
    let both = format!("url = [\"{}\", \"{more}\"]", url(&sandbox));
    files::write(&app.path("Provenance.toml"), policy(app).replace(&one, &both));
    update(app, &["--yes"]).ok();
    let together = copy(app);
    assert!(together.contains(&format!("aggregated-from = \"{more}\"")), "{together}");
    update(app, &["--yes"]).ok().stderr_has("are as they were");
    assert_eq!(copy(app), together);
    let hidden = "[[audits.victim]]\ncriteria = \"unknown\"\nviolation = \"*\"\n";
    sandbox.registry().respond("/more.toml", Response::Body(hidden.as_bytes().to_vec()));
    update(app, &["--yes"]).run().code(3).stderr_has("warns of `victim` in an entry that cannot be read");
}

#[test]
fn a_bundle_takes_the_place_of_the_network() {
    let sandbox = Sandbox::new();
    let db = AdvisoryDb::new(&sandbox);
    let app = app(&sandbox, FULL);
    let file = app.path("update.tar");
    let file = file.to_str().expect("UTF-8");
    app.provenance(["db", "bundle", "--output", file])
        .ok()
        .stderr_has(&format!("packed 1 database and 1 set into `{file}`, SHA-256 "));
    // Another machine: nothing was ever fetched there, and nobody answers.
    let home = sandbox.cargo_home().join("provenance");
    std::fs::remove_dir_all(&home).expect("removed");
    serve(&sandbox, "");
    db.publish(&[Advisory::new("RUSTSEC-2025-0002", "victim").date("2025-02-03")]);
    app.provenance(["db", "update", "--offline"]).run().code(3).stderr_has("`--bundle FILE`");
    app.provenance(["db", "update", "--offline", "--yes", "--bundle", file])
        .ok()
        .stderr_has("SHA-256 ")
        .stderr_has("the newest advisory of 2025-01-02 (fetched for the first time)")
        .stderr_has("took over the audits of `theirs`");
    assert_eq!(copy(app), FULL);
    app.provenance(["db", "status", "--offline"]).ok().stderr_has("1 advisory in 1 database");
    app.provenance(["db", "update", "--offline", "--yes", "--bundle", file]).ok().stderr_has("unchanged");
    // It is not let in once more is known.
    app.provenance(["db", "update"]).run();
    app.provenance(["db", "update", "--offline", "--bundle", file])
        .run()
        .code(3)
        .stderr_has("knows one of 2025-02-03");
    let mut bytes = std::fs::read(file).expect("a bundle");
    let at = bytes.windows(4).rposition(|four| four == b"1.0.").expect("a version");
    bytes[at] = b'6';
    std::fs::write(file, &bytes).expect("written");
    app.provenance(["db", "update", "theirs", "--offline", "--bundle", file])
        .run()
        .code(3)
        .stderr_has("was damaged, or does not belong there");
}
