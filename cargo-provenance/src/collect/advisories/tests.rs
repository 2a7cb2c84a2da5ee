//! When databases are fetched anew, when not, and what is told.

use std::fs;
use std::process::Command;
use std::sync::Mutex;

use provenance_build::{PackageName, Source, Version, name::CRATES_IO};

use super::*;
use crate::model::{Clock, Network};
use crate::report::progress::Progress;

const NOW: u64 = 1_795_392_000;

/// A repository, a cargo home and a workspace.
struct Place {
    directory: tempfile::TempDir,
}

/// What was said while it went on.
#[derive(Default)]
struct Heard(Mutex<Vec<String>>);

impl Progress for Heard {
    fn status(&self, verb: &str, message: &str) {
        self.0.lock().expect("unpoisoned").push(format!("{verb} {message}"));
    }
}

impl Place {
    fn new() -> Self {
        let place = Self { directory: tempfile::tempdir().expect("temp") };
        fs::create_dir(place.repository()).expect("created");
        place.git(&["init", "--quiet", "--initial-branch=main"]);
        place.publish("victim", "RUSTSEC-2026-0001", "2026-11-01");
        place
    }

    fn repository(&self) -> PathBuf {
        self.directory.path().join("repository")
    }

    fn url(&self) -> String {
        format!("file://{}", self.repository().display())
    }

    fn publish(&self, package: &str, id: &str, date: &str) {
        let folder = self.repository().join("crates").join(package);
        fs::create_dir_all(&folder).expect("created");
        let text = format!(
            "```toml\n[advisory]\nid = \"{id}\"\npackage = \"{package}\"\ndate = \"{date}\"\n[versions]\npatched = []\n```\n# x\n\ny\n"
        );
        fs::write(folder.join(format!("{id}.md")), text).expect("written");
        self.git(&["add", "--all"]);
        self.git(&["commit", "--quiet", "--message=x"]);
    }

    fn git(&self, arguments: &[&str]) {
        let mut git = Command::new("git");
        git.current_dir(self.repository())
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_CONFIG_NOSYSTEM", "1");
        git.env_remove("GIT_DIR").env_remove("GIT_INDEX_FILE").env_remove("GIT_WORK_TREE");
        let status =
            git.args(["-c", "user.name=a", "-c", "user.email=a@example.org"]).args(arguments).status();
        assert!(status.expect("git runs").success(), "{arguments:?}");
    }

    fn policy(&self, section: &str) -> Policy {
        let text = format!("version = 1\n[advisories]\n{}\n", section.replace("URL", &self.url()));
        Policy::parse(text.as_bytes(), Path::new("Provenance.toml"), crate::vet::catalogue())
            .expect("a policy")
    }

    fn surroundings(&self, network: Network, now: u64) -> Surroundings {
        Surroundings {
            directory: self.directory.path().to_owned(),
            manifest_path: None,
            cargo_home: self.directory.path().join("cargo-home"),
            cargo: "cargo".into(),
            lockfile: None,
            overrides: vec![],
            agent: None,
            network,
            offline_by: None,
            transport: Default::default(),
            clock: Clock(now),
            user: "tester".into(),
        }
    }

    /// Freshens, and gives the databases, the notes, and how often something was fetched.
    fn freshen(&self, policy: &Policy, network: Network, now: u64) -> (Advisories, Vec<String>, usize) {
        let heard = Heard::default();
        let surroundings = self.surroundings(network, now);
        let (advisories, notes) = freshen(&surroundings, policy, self.directory.path(), None, &heard);
        let fetched = heard.0.into_inner().expect("unpoisoned");
        (advisories, notes, fetched.iter().filter(|line| line.starts_with("Updating")).count())
    }
}

fn hits(advisories: &Advisories, package: &str) -> usize {
    let package = PackageId {
        name: PackageName::parse(package).expect("a name"),
        version: Version::parse("1.0.0").expect("a version"),
        source: Source::parse(CRATES_IO),
    };
    advisories.hits(&package).hits.len()
}

#[test]
fn a_database_is_fetched_once_a_day() {
    let place = Place::new();
    let policy = place.policy("databases = [\"URL\"]");
    let (advisories, notes, fetched) = place.freshen(&policy, Network::Allowed, NOW);
    assert_eq!((hits(&advisories, "victim"), notes.len(), fetched), (1, 0, 1));
    assert!(advisories.faults().is_empty());
    assert_eq!(advisories.newest(), Date::parse("2026-11-01"));

    place.publish("other", "RUSTSEC-2026-0002", "2026-11-02");
    let (advisories, notes, fetched) = place.freshen(&policy, Network::Allowed, NOW + DAY);
    assert_eq!((hits(&advisories, "other"), notes.len(), fetched), (0, 0, 0));
    let (advisories, notes, fetched) = place.freshen(&policy, Network::Allowed, NOW + DAY + 1);
    assert_eq!((hits(&advisories, "other"), notes.len(), fetched), (1, 0, 1));

    // Sooner where the policy allows less than a day.
    let impatient = place.policy("databases = [\"URL\"]\nmax-age = \"2 hours\"");
    let later = NOW + DAY + 2 * 3_600 + 2;
    assert_eq!(place.freshen(&impatient, Network::Allowed, later - 1).2, 0);
    assert_eq!(place.freshen(&impatient, Network::Allowed, later).2, 1);
}

#[test]
fn offline_the_age_is_told_and_counts() {
    let place = Place::new();
    let policy = place.policy("databases = [\"URL\"]");
    let (advisories, notes, fetched) = place.freshen(&policy, Network::Forbidden, NOW);
    assert_eq!((notes.len(), fetched), (0, 0));
    let [fault] = &advisories.faults()[..] else { panic!("{:?}", advisories.faults()) };
    assert!(fault.contains("was never fetched"), "{fault}");

    place.freshen(&policy, Network::Allowed, NOW);
    let (advisories, notes, _) = place.freshen(&policy, Network::Forbidden, NOW + 3_600);
    assert!(notes.is_empty() && advisories.faults().is_empty());
    let (advisories, notes, fetched) = place.freshen(&policy, Network::Forbidden, NOW + 5 * DAY);
    assert!(advisories.faults().is_empty() && fetched == 0);
    let told = format!("advisories that are newer than the copy of `{}`, fetched 5 days ago", place.url());
    assert_eq!(notes, [told]);
    let (advisories, ..) = place.freshen(&policy, Network::Forbidden, NOW + 14 * DAY + 1);
    let [fault] = &advisories.faults()[..] else { panic!("{:?}", advisories.faults()) };
    assert!(fault.contains("at most 14 days are allowed"), "{fault}");
}

#[test]
fn what_cannot_be_fetched_is_used_while_it_may_be() {
    let place = Place::new();
    let policy = place.policy("databases = [\"URL\"]");
    place.freshen(&policy, Network::Allowed, NOW);
    fs::rename(place.repository(), place.directory.path().join("gone")).expect("moved");
    let (advisories, notes, _) = place.freshen(&policy, Network::Allowed, NOW + 5 * DAY);
    assert_eq!((hits(&advisories, "victim"), advisories.faults().len(), notes.len()), (1, 0, 2));
    assert!(notes[0].contains("was not updated: could not fetch"), "{notes:?}");
    assert!(notes[1].contains("fetched 5 days ago"), "{notes:?}");
    let (advisories, ..) = place.freshen(&policy, Network::Allowed, NOW + 15 * DAY);
    assert_eq!(advisories.faults().len(), 1);
}

#[test]
fn an_older_state_is_not_taken_and_told() {
    let place = Place::new();
    place.publish("other", "RUSTSEC-2026-0002", "2026-11-02");
    let policy = place.policy("databases = [\"URL\"]");
    place.freshen(&policy, Network::Allowed, NOW);
    place.git(&["reset", "--quiet", "--hard", "HEAD~1"]);
    let (advisories, notes, _) = place.freshen(&policy, Network::Allowed, NOW + 2 * DAY);
    assert_eq!(hits(&advisories, "other"), 1);
    assert!(notes[0].contains("the copy that is there knows one of 2026-11-02"), "{notes:?}");
}

#[test]
fn a_damaged_copy_heals_online() {
    let place = Place::new();
    let policy = place.policy("databases = [\"URL\"]");
    let (advisories, ..) = place.freshen(&policy, Network::Allowed, NOW);
    fs::remove_dir_all(advisories.copies[0].directory.join("crates/victim")).expect("removed");
    let (advisories, ..) = place.freshen(&policy, Network::Forbidden, NOW + 1);
    assert!(advisories.faults()[0].contains("was changed since it was fetched"), "{:?}", advisories.faults());
    let (advisories, notes, fetched) = place.freshen(&policy, Network::Allowed, NOW + 1);
    assert_eq!((hits(&advisories, "victim"), notes.len(), fetched), (1, 0, 1));
}

#[test]
fn a_pin_that_knew_a_newer_advisory_shows_a_rollback() {
    let place = Place::new();
    let policy = place.policy("databases = [\"URL\"]");
    let (advisories, ..) = place.freshen(&policy, Network::Allowed, NOW);
    assert_eq!(advisories.rolled_back(None), None);
    assert_eq!(advisories.rolled_back(Date::parse("2026-11-01")), None);
    let why = advisories.rolled_back(Date::parse("2026-11-02")).expect("a rollback");
    assert!(why.contains("is of 2026-11-01") && why.contains("one of 2026-11-02"), "{why}");
    // Where nothing can be read, that is the fault, and the pins are newer than it as well.
    let (none, ..) = place.freshen(&place.policy("databases = [\"missing\"]"), Network::Allowed, NOW);
    assert!(none.rolled_back(Date::parse("2026-10-01")).is_some_and(|why| why.contains("has no date")));
    let (unwanted, ..) = place.freshen(&place.policy("databases = []"), Network::Allowed, NOW);
    assert_eq!((unwanted.rolled_back(Date::parse("2026-10-01")), unwanted.faults().len()), (None, 0));
}

#[test]
fn databases_of_one_name_do_not_meet() {
    let home = Path::new("/h");
    let folders =
        ["https://a.example/x/advisory-db", "https://b.example/x/advisory-db.git", "ssh://b.example/"]
            .map(|url| generations(home, url).folder().to_owned());
    let names = folders.each_ref().map(|folder| folder.file_name().expect("a name").to_str().expect("UTF-8"));
    assert!(names[0].starts_with("advisory-db-") && names[1].starts_with("advisory-db-"), "{names:?}");
    assert!(names[2].starts_with("bexample-"), "{names:?}");
    assert_ne!(names[0], names[1]);
}

#[test]
fn ages_have_words() {
    for (seconds, words) in [
        (0, "less than an hour ago"),
        (3_600, "1 hour ago"),
        (47 * 3_600, "47 hours ago"),
        (2 * DAY, "2 days ago"),
        (15 * DAY - 1, "14 days ago"),
    ] {
        assert_eq!(ago(seconds), words);
    }
}
