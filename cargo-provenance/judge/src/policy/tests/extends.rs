//! What a base brings, what the workspace puts on top of it, and what that must not loosen.

use std::path::Path;

use proptest::prelude::*;
use provenance_build::Checksum;
use sha2::{Digest as _, Sha256};

use crate::policy::catalogue::SAMPLES;
use crate::policy::{At, FILE_NAME, Level, Origin, Policy, PolicyError, PolicyErrorKind};

const BASE: &str = "../org/base.toml";

fn naming(base: &str, own: &str) -> String {
    let sha256 = Checksum::from_bytes(Sha256::digest(base).into()).hex();
    format!("version = 1\n{own}\n[[extends]]\npath = \"{BASE}\"\nsha256 = \"{sha256}\"\n")
}

fn read(base: &str, own: &str) -> Result<Policy, PolicyError> {
    let base = format!("version = 1\n{base}");
    let fetch = |path: &Path| {
        assert_eq!(path, Path::new(BASE));
        Ok(base.clone().into_bytes())
    };
    Policy::read(naming(&base, own).as_bytes(), Path::new(FILE_NAME), SAMPLES, &fetch)
}

fn level(policy: &Policy, id: &str) -> (Level, String) {
    let At { value, line } = policy.level(id).expect("set");
    (value, policy.spot(line))
}

#[test]
fn the_workspace_goes_before_the_base_and_every_line_is_found() {
    let base = "[checks]\nlicense = \"note\"\nversion-too-new = { level = \"deny\", days = 30 }\nsource = \"review\"\n\
                [licenses]\nallow = [\"MIT\"]\n[sources]\ngit = [\"https://h/r\"]\n[[ban]]\npackage = \"a\"\nreason = \"r\"\n\
                [[exception]]\ncheck = \"source\"\npackage = \"b\"\nreason = \"r\"\nexpires = \"2027-01-31\"\n";
    let own = "[checks]\nlicense = \"deny\"\nversion-too-new = { days = 40 }\n[[ban]]\npackage = \"c\"\nreason = \"r\"";
    let policy = read(base, own).expect("a policy");
    assert_eq!(level(&policy, "license"), (Level::Deny, "Provenance.toml:3".to_owned()));
    assert_eq!(level(&policy, "version-too-new"), (Level::Deny, format!("{BASE}:4")));
    assert_eq!(policy.days("version-too-new", "days"), Some(At { value: 40, line: 4 }));
    let at = policy.level("source").expect("set");
    let place = policy.place(at.line, "level set here");
    assert_eq!((place.file.as_path(), place.line), (Path::new(BASE), 5));
    assert_eq!(place.excerpt, "source = \"review\"");
    assert_eq!(policy.spot(policy.licenses().expect("a list").line), format!("{BASE}:7"));
    assert_eq!(policy.spot(policy.exceptions()[0].line), format!("{BASE}:13"));
    let bans = policy.bans().iter().map(|at| (at.value.package.as_str(), policy.spot(at.line)));
    assert_eq!(
        bans.collect::<Vec<_>>(),
        [("c", "Provenance.toml:5".to_owned()), ("a", format!("{BASE}:10"))]
    );
    let git =
        provenance_build::Source::parse(&format!("git+https://h/r#{}", "a".repeat(40))).expect("a source");
    assert!(matches!(policy.source(&git, |_| None), crate::policy::SourceRuling::Listed(_)));
}

#[test]
fn databases_of_the_base_lie_beside_it() {
    let base = "[advisories]\ndatabases = [\"db\", \"/srv/db\", \"https://h/db\"]\n";
    let origins = |policy: &Policy| {
        policy.databases().into_iter().map(|at| at.value.origin.as_str().to_owned()).collect::<Vec<_>>()
    };
    let policy = read(base, "").expect("a policy");
    assert_eq!(origins(&policy), ["../org/db", "/srv/db", "https://h/db"]);
    assert_eq!(policy.spot(policy.databases()[0].line), format!("{BASE}:3"));
    assert_eq!(policy.databases()[0].value.origin, Origin::Path("../org/db".to_owned()));
    assert_eq!(origins(&read(base, "[advisories]\ndatabases = [\"mine\"]").expect("a policy")), ["mine"]);
}

#[test]
fn own_paths_and_signing_can_be_locked() {
    const ONE: &str =
        "one@example.org ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIMRo8WzUI0UQLrjDig8D/2wbskY9uU1OMfpMFatpzv02";
    const TWO: &str =
        "two@example.org ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJIR+fHy0iMebeXuGguC/HV3Wn9KqF0GMxMXfs0xLPsb";
    const OTHER: &str =
        "other@example.org ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIMpMi4uguYOv6SCvd8Xbli5ULJT18dUllVMAVulKJjBU";
    let signing = |threshold: u8, second: &str| {
        format!("[signing]\nrequired = true\nthreshold = {threshold}\nkeys = [\"{ONE}\", \"{second}\"]\n")
    };
    let locked = format!("locked = [\"own\", \"signing\"]\nown = [\"../libs/*\"]\n{}", signing(2, TWO));
    assert!(read(&locked, &format!("own = [\"../libs/*\"]\n{}", signing(2, TWO))).is_ok());
    for (own, line, message) in [
        (format!("own = [\"../*\"]\n{}", signing(2, TWO)), 2, "`../*` in `own` is looser than what"),
        (String::new(), 3, "to do without `signing.required` is looser"),
        (signing(1, TWO), 7, "`signing.threshold` of 1 is looser"),
        (signing(2, OTHER), 5, "the key of `other@example.org` is looser"),
    ] {
        let error = read(&locked, &own).expect_err(&own);
        assert!(error.to_string().contains(message), "{error}");
        assert_eq!(error.line, line, "{error}");
    }
    // Nothing that is locked there is nothing here; keys are each workspace's where none are named.
    assert!(read("locked = [\"own\"]\n", "own = [\"../a\"]").is_err());
    let required = "locked = [\"signing\"]\n[signing]\nrequired = true\n";
    assert!(read(required, &signing(2, TWO)).is_ok());
    for (base, message) in [
        ("locked = [\"signing\"]\n", "`signing` is locked, and not set here"),
        ("own = [\"../a\"]\n", "`own` is about one workspace"),
        ("locked = [\"own\"]\n[signing]\nrequired = true\n", "`[signing]` is about one workspace"),
    ] {
        let error = read(base, "").expect_err(base).to_string();
        assert!(error.contains(message), "{error}");
    }
}

#[test]
fn what_the_base_locks_can_be_tightened_and_not_loosened() {
    let checks = "locked = [\"checks\"]\n[checks]\nlicense = \"review\"\nversion-too-new = { days = 14 }\n\
                  unsound = { level = \"review\", transitive = \"note\" }\n";
    let one = "locked = [\"checks.license\"]\n[checks]\nlicense = \"review\"\nsource = \"deny\"\n";
    let exception =
        "[[exception]]\ncheck = \"license\"\npackage = \"a\"\nreason = \"r\"\nexpires = \"2027-01-31\"";
    let lists = "locked = [\"licenses.allow\", \"sources.git\", \"sources.registries\", \"names.known\", \"exception\"]\n\
                 [licenses]\nallow = [\"MIT\", \"ISC\"]\n[sources]\ngit = []\nregistries = [\"crates-io\"]\n";
    let advisories =
        "locked = [\"advisories\"]\n[advisories]\ndatabases = [\"https://h/a\"]\nmax-age = \"7 days\"\n";
    let audits = "locked = [\"audits\"]\n[audits]\nrequired = \"all\"\nreviewers = 2\n";
    for (base, own, looser) in [
        (audits, "[checks]\nlicense = \"deny\"", None),
        (audits, "[audits]\nrequired = \"none\"", Some("`[audits]` of the workspace's own")),
        // What it does not say again it would do without.
        (audits, "[audits]\nrequired = \"all\"", Some("`[audits]` of the workspace's own")),
        (checks, "[checks]\nlicense = \"deny\"", None),
        (checks, "[checks]\nlicense = \"note\"", Some("`license = \"note\"`")),
        (checks, "[checks]\nversion-too-new = { days = 15 }", None),
        (checks, "[checks]\nversion-too-new = { days = 13 }", Some("`days` of `version-too-new`")),
        (checks, "[checks]\nversion-too-new = { level = \"deny\" }", None),
        (checks, "[checks]\nversion-too-new = \"review\"", Some("`version-too-new = \"review\"`")),
        (checks, "[checks]\nversion-too-new = { fixes-advisory = true }", Some("`fixes-advisory`")),
        (checks, "[checks]\nunsound = { transitive = \"review\" }", None),
        (checks, "[checks]\nunsound = { transitive = \"allow\" }", Some("`transitive` of `unsound`")),
        (checks, exception, Some("an exception of `license`")),
        // Not set in the base.
        (checks, "[checks]\nsource = \"allow\"", None),
        (one, "[checks]\nsource = \"allow\"", None),
        (one, exception, Some("an exception of `license`")),
        (lists, "[licenses]\nallow = [\"MIT\"]\n[sources]\nregistries = []\ngit = []", None),
        (lists, "[licenses]\nallow = [\"MIT\",\n\"Zlib\"]", Some("`Zlib`")),
        (lists, "[sources]\ngit = [\"https://h/r\"]", Some("`https://h/r`")),
        (lists, "[sources]\nregistries = [\"sparse+https://h/i/\"]", Some("`sparse+https://h/i/`")),
        (
            lists,
            "[sources]\nregistries = [{ name = \"crates-io\", pubtime = \"absent\" }]",
            Some("`crates-io`"),
        ),
        (lists, "[names]\nknown = [\"a\"]", Some("`a`")),
        (lists, exception, Some("an exception")),
        (advisories, "[advisories]\ndatabases = [\"mine\", \"https://h/a\"]\nmax-age = \"1 day\"", None),
        (advisories, "[advisories]\ndatabases = [\"mine\"]", Some("to do without `https://h/a`")),
        (advisories, "[advisories]\ndatabases = [\"https://h/a\"]", Some("to do without `https://h/a`")),
        (advisories, "[advisories]\nmax-age = \"1 day\"", Some("to do without `https://h/a`")),
    ] {
        match (read(base, own), looser) {
            (Ok(_), None) => {}
            (Err(error), Some(what)) => {
                assert!(error.what.starts_with(what), "{own}: {error}");
                assert!(error.what.ends_with(&format!("is looser than what `{BASE}` locks")), "{error}");
                assert_eq!(
                    (error.kind, error.file.as_path()),
                    (PolicyErrorKind::Invalid, Path::new(FILE_NAME))
                );
                assert!(error.line > 1 && error.help.contains(BASE), "{error}");
            }
            (result, _) => panic!("{own}: {result:?}"),
        }
    }
}

#[test]
fn a_base_that_cannot_be_one_is_refused_with_its_line() {
    for (base, line, what) in [
        (
            "[[extends]]\npath = \"base.toml\"\nsha256 = \"00\"\n",
            2,
            "a policy that is extended extends none itself",
        ),
        ("own = []\n", 2, "`own` is about one workspace"),
        ("[signing]\nrequired = true\n", 2, "`[signing]` is about one workspace"),
        ("locked = [\"checks.license\"]\n", 2, "`checks.license` is locked, and not set here"),
        ("locked = [\"licenses.allow\"]\n", 2, "`licenses.allow` is locked, and not set here"),
        ("locked = [\n\"checks.lisense\"]\n", 3, "`lisense` is not a check"),
        ("locked = [\"owned\"]\n", 2, "`owned` cannot be locked"),
        ("locked = [1]\n", 2, "an entry of `locked` is a string, found: integer"),
        (
            "locked = [\"sources.registries\"]\n[sources]\nregistries = [\"corp\"]\n",
            4,
            "`corp` means what each repository's cargo configuration says",
        ),
        ("cheks = 1\n", 2, "`cheks` is not a key"),
    ] {
        let error = read(base, "").expect_err(base);
        assert_eq!((error.file.as_path(), error.line), (Path::new(BASE), line), "{error}");
        assert!(error.what.starts_with(what), "{base}: {error}");
        assert!(!error.help.is_empty());
    }
}

#[test]
fn what_does_not_name_a_base_is_refused() {
    let zeros = "0".repeat(64);
    for (text, what) in [
        (
            format!("path = \"a\"\nsha256 = \"{zeros}\"\n[[extends]]\npath = \"b\"\nsha256 = \"{zeros}\""),
            "a policy extends one other at most",
        ),
        (format!("sha256 = \"{zeros}\""), "an entry of `extends` has no `path`"),
        ("path = \"a\"".to_owned(), "an entry of `extends` has no `sha256`"),
        ("path = \"a\"\nsha256 = \"00\"".to_owned(), "`00` is not a SHA-256"),
        (format!("path = \"/a\"\nsha256 = \"{zeros}\""), "`/a` is not a relative path"),
        (format!("path = \"https://h/a\"\nsha256 = \"{zeros}\""), "`https://h/a` is not a relative path"),
        (format!("path = 1\nsha256 = \"{zeros}\""), "`path` is a string, found: integer"),
        (format!("path = \"a\"\nsha256 = \"{zeros}\"\nlocked = []"), "`locked` is not a key of `extends`"),
        (format!("path = \"a\"\nsha256 = \"{zeros}\""), "the extended `a` cannot be read: gone"),
    ] {
        let text = format!("version = 1\n[[extends]]\n{text}\n");
        let gone = |_: &Path| Err("gone".to_owned());
        let error = Policy::read(text.as_bytes(), Path::new(FILE_NAME), SAMPLES, &gone).expect_err(&text);
        assert!(error.what.starts_with(what) && error.line > 1, "{text}: {error}");
        assert!(Policy::parse(text.as_bytes(), Path::new(FILE_NAME), SAMPLES).is_err());
    }
    let error =
        Policy::parse(b"version = 1\nlocked = []\n", Path::new(FILE_NAME), SAMPLES).expect_err("no base");
    assert_eq!(error.what, "only a policy that others extend locks anything");
}

#[test]
fn another_base_than_the_one_that_was_meant_is_refused() {
    let text = naming("version = 1\n", "");
    let fetch = |_: &Path| Ok(b"version = 1\n[checks]\nlicense = \"allow\"\n".to_vec());
    let error = Policy::read(text.as_bytes(), Path::new(FILE_NAME), SAMPLES, &fetch).expect_err("another");
    assert_eq!((error.file.as_path(), error.line), (Path::new(FILE_NAME), 3));
    assert!(error.what.contains("is not the one that was meant"), "{error}");
    assert!(error.help.contains("then write `sha256 = \""), "{}", error.help);
}

#[test]
fn the_digest_covers_the_base() {
    let digest = |base: &str| read(base, "").expect(base).digest();
    assert_ne!(digest("[checks]\nlicense = \"deny\"\n"), digest("[checks]\nlicense = \"note\"\n"));
    assert_eq!(digest(""), digest(""));
}

proptest! {
    #[test]
    fn no_base_makes_the_reader_panic(base in "\\PC{0,120}", own in "\\PC{0,60}") {
        let _ = read(&base, &own);
        let _ = read(&format!("locked = [{base:?}]"), "");
    }
}
