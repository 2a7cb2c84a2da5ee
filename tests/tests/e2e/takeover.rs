//! `init` takes over what a team decided in `deny.toml` and `.cargo/audit.toml`: nothing gets lost, nothing gets looser unseen.

use tests::krate::days_ago;
use tests::project::CLEAN;
use tests::{Advisory, AdvisoryDb, Krate, Project, Sandbox, files};

const DENY: &str = "\
[graph]
all-features = true

[advisories]
yanked = \"deny\"
unmaintained = \"all\"
ignore = [
    { id = \"RUSTSEC-2026-0001\", reason = \"not reached from here\" },
    \"RUSTSEC-2026-0002\",
    \"RUSTSEC-2020-0099\",
]

[licenses]
allow = [\"Zlib\"]
confidence-threshold = 0.9
exceptions = [{ crate = \"victim\", allow = [\"MIT\"] }, { crate = \"gone\", allow = [\"ISC\"] }]

[bans]
multiple-versions = \"warn\"
skip-tree = []
deny = [{ crate = \"openssl\", reason = \"no C\", use-instead = \"rustls\" }]

[sources]
unknown-registry = \"deny\"
unknown-git = \"deny\"
allow-registry = [\"https://github.com/rust-lang/crates.io-index\"]
";

fn app(sandbox: &Sandbox) -> Project<'_> {
    let project = Project::app(sandbox, "work");
    project.cargo(["generate-lockfile"]).ok();
    project
}

#[test]
fn every_key_is_translated_or_listed_with_the_reason() {
    let sandbox = Sandbox::new();
    AdvisoryDb::new(&sandbox).publish(&[
        Advisory::new("RUSTSEC-2026-0001", "victim"),
        Advisory::new("RUSTSEC-2026-0002", "victim").informational("unmaintained"),
        Advisory::new("RUSTSEC-2026-0003", "victim"),
    ]);
    let audit = "[advisories]\nignore = [\"RUSTSEC-2026-0003\"]\n[output]\nquiet = true\n";
    let project = app(&sandbox).with("deny.toml", DENY).with(".cargo/audit.toml", audit);
    let output = project.provenance(["init"]).run().code(0);
    let output = output
        .stderr_has("Taking over 11 settings from `deny.toml`, `.cargo/audit.toml`")
        .stderr_has("note[not-taken-over]: ")
        .stderr_has("deny.toml:2: `graph.all-features`: every package of `Cargo.lock` is judged")
        .stderr_has("deny.toml:10: `ignore`: `RUSTSEC-2020-0099` is about no package of `Cargo.lock`")
        .stderr_has("deny.toml:15: `licenses.confidence-threshold`: texts are not compared")
        .stderr_has("deny.toml:20: `bans.skip-tree`: ")
        .stderr_has("deny.toml:16: `license`: `gone` is not in `Cargo.lock`")
        .stderr_has(".cargo/audit.toml:4: `output.quiet`: says how another tool prints");
    let policy = files::read(&project.path("Provenance.toml"));
    for expected in [
        "version-yanked = \"deny\" # deny.toml:5\n",
        "unmaintained = \"deny\" # deny.toml:6\n",
        "source = \"deny\" # deny.toml:24\n",
        "# deny.toml:14\nallow = [\"Zlib\"]\n",
        "# deny.toml:26\nregistries = [\"crates-io\"]\n",
        "# deny.toml:21\n[[ban]]\npackage = \"openssl\"\nreason = \"no C\"\ninstead = \"rustls\"\n",
        "# deny.toml:8\n[[exception]]\ncheck = \"vulnerability\"\npackage = \"victim\"\nid = \"RUSTSEC-2026-0001\"\nreason = \"not reached from here\"\nexpires = \"20",
        "# deny.toml:16\n[[exception]]\ncheck = \"license\"\npackage = \"victim@1.0.0\"\nreason = \"MIT allowed for it alone\"\n",
        "# deny.toml:9\n[[exception]]\ncheck = \"unmaintained\"\npackage = \"victim\"\nid = \"RUSTSEC-2026-0002\"\n",
        "# .cargo/audit.toml:2\n[[exception]]\ncheck = \"vulnerability\"\npackage = \"victim\"\nid = \"RUSTSEC-2026-0003\"\n",
    ] {
        assert!(policy.contains(expected), "{expected}\n{policy}\n{output}");
    }
    assert!(!policy.contains("there at init, nobody has decided yet"), "{policy}");
    project.provenance(["verify"]).ok();
    let check = project.provenance(["check"]).run().code(0);
    check.stderr_lacks("exception-unused").stderr_has("4 findings: 4 excepted");
    // Nothing of the other tools' is touched.
    assert_eq!(files::read(&project.path("deny.toml")), DENY);

    // What was decided holds for what comes later.
    let openssl = Krate::greeting("openssl", "1.0.0", CLEAN).published(Some(&days_ago(900)));
    sandbox.registry().publish(&openssl);
    project
        .provenance(["add", "openssl"])
        .run()
        .code(1)
        .stderr_has("error[banned]")
        .stderr_has("use `rustls` instead");
}

#[test]
fn a_broken_file_is_an_error_and_nothing_is_written() {
    let sandbox = Sandbox::new();
    let project = app(&sandbox);
    for (name, text, place) in [
        ("deny.toml", "[advisories]\nyanked = \"dney\"\n", "deny.toml:2: `dney` is no level"),
        ("deny.toml", "[bans]\ndeny = [\n", "deny.toml:"),
        (
            ".cargo/audit.toml",
            "[advisories]\nignore = 1\n",
            ".cargo/audit.toml:2: `advisories.ignore` is an array",
        ),
    ] {
        let file = project.path(name);
        files::write(&file, text);
        let output = project.provenance(["init"]).run().code(2);
        output.stderr_has(place).stderr_has("correct it, or move it away to begin without what it says");
        files::remove(&file);
        assert!(!project.path("Provenance.toml").exists() && !project.path("Provenance.lock").exists());
    }
    std::fs::write(project.path("deny.toml"), b"[advisories]\n# \xff\n").expect("a file");
    project.provenance(["init"]).run().code(2).stderr_has("deny.toml:2: it is not UTF-8");
    std::fs::write(project.path("deny.toml"), vec![b'#'; 40 << 20]).expect("a file");
    project.provenance(["init"]).run().code(2).stderr_has("deny.toml");
    files::remove(&project.path("deny.toml"));
    std::fs::create_dir(project.path("deny.toml")).expect("a folder");
    project.provenance(["init"]).run().code(2).stderr_has("it is not a regular file");
}

#[test]
fn text_of_the_file_never_becomes_a_setting_or_a_command() {
    let sandbox = Sandbox::new();
    AdvisoryDb::new(&sandbox).publish(&[Advisory::new("RUSTSEC-2026-0001", "victim")]);
    let project = app(&sandbox).with(
        "deny.toml",
        "[advisories]\nignore = [{ id = \"RUSTSEC-2026-0001\", reason = \"\"\"x\"\n[checks]\nsource = \"allow\"\u{7f}\"\"\" }]\n\
         [bans]\ndeny = [{ crate = \"a\", reason = '''\"\n[checks]\nsource = \"allow\"''' }]\n\
         \"\\u001b[2J\\n::error::x\" = 1\n",
    );
    // `DEL` is nothing that TOML holds as it is.
    project.provenance(["init"]).run().code(2).stderr_has("deny.toml:");
    files::replace(&project.path("deny.toml"), "\u{7f}", "\\u007f\\u001b[2J");
    let output = project.provenance(["init", "--message-format", "github"]).run().code(0);
    assert!(!output.stderr.contains('\u{1b}') && !output.stdout.contains('\u{1b}'), "{output}");
    assert!(!output.stderr.lines().any(|line| line.trim_start().starts_with("::")), "{output}");
    let policy = files::read(&project.path("Provenance.toml"));
    assert_eq!(policy.lines().filter(|line| *line == "[checks]").count(), 2, "one within a reason: {policy}");
    project.provenance(["explain", "source"]).run().code(0).stdout_has("level    deny, the default");
}

#[test]
fn without_a_database_an_ignored_advisory_stays_for_a_person() {
    let sandbox = Sandbox::new();
    let project =
        app(&sandbox).with("deny.toml", "[advisories]\nignore = [\"RUSTSEC-2026-0001\"]\ndb-urls = []\n");
    files::write(&project.path("deny.toml"), "[advisories]\nignore = [\"RUSTSEC-2026-0001\"]\n");
    project.cargo(["fetch"]).ok();
    project.provenance(["init", "--offline"]).run().code(0);
    let policy = files::read(&project.path("Provenance.toml"));
    assert!(policy.contains("# id = \"RUSTSEC-2026-0001\"\n"), "{policy}");
    assert!(policy.contains("\n# deny.toml:2\n# No advisory database was at hand"), "{policy}");
}

#[test]
fn a_policy_that_is_there_says_everything() {
    let sandbox = Sandbox::new();
    let policy = "version = 1\n";
    let project = app(&sandbox).with("deny.toml", "[broken").with("Provenance.toml", policy);
    let output = project.provenance(["init"]).run().code(0);
    output.stderr_has("Skipping `deny.toml`: there is a policy already");
    assert_eq!(files::read(&project.path("Provenance.toml")), policy);
}

#[test]
fn nothing_gets_weaker_than_the_default_unseen() {
    let sandbox = Sandbox::new();
    let project = app(&sandbox).with(
        "deny.toml",
        "[advisories]\nvulnerability = \"allow\"\nyanked = \"warn\"\nmaximum-db-staleness = \"P90D\"\n\
         [licenses]\nunlicensed = \"allow\"\nallow = [\"Zlib\"]\nexceptions = [{ allow = [\"ISC\"], crate = \"victim\" }]\n\
         [sources]\nunknown-registry = \"allow\"\nunknown-git = \"warn\"\n\
         allow-registry = [\"https://github.com/rust-lang/crates.io-index\", \"https://evil.invalid/index\"]\n\
         allow-git = [\"https://evil.invalid/x\"]\n",
    );
    let ignored = "cargo-deny ignores it today, and denies";
    let output = project.provenance(["init"]).run().code(0);
    output
        .stderr_has(&format!("deny.toml:2: `advisories.vulnerability`: {ignored}"))
        .stderr_has(&format!("deny.toml:6: `licenses.unlicensed`: {ignored}"))
        .stderr_has(
            "deny.toml:8: `license`: the exception does not cover the license of `victim v1.0.0`, `MIT`",
        )
        .stderr_has("note[weaker-than-default]: ")
        .stderr_has("deny.toml:3: `version-yanked` is `\"note\"`, by default `\"review\"`")
        .stderr_has("deny.toml:10: `source` is `\"note\"`, by default `\"deny\"`")
        .stderr_has("deny.toml:4: advisories may be as old as 90 days, by default 14 days")
        .stderr_has("deny.toml:12: packages may come from `registry+https://evil.invalid/index`")
        .stderr_has("deny.toml:13: packages may come from `https://evil.invalid/x`");
    let policy = files::read(&project.path("Provenance.toml"));
    for line in ["vulnerability = \"allow\"", "license-missing = ", "ISC"] {
        assert!(!policy.lines().any(|it| it.contains(line) && !it.starts_with('#')), "{policy}");
    }
}
