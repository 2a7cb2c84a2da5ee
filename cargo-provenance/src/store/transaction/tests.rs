//! Kills after every step, edits in between, and journals that somebody else wrote.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::super::DIRECTORY;
use super::recovery::way_out;
use super::*;

/// Files before and after.
const FILES: [(&str, Option<&str>, Option<&str>); 5] = [
    ("Cargo.toml", Some("old manifest"), Some("new manifest")),
    ("crates/a/Cargo.toml", Some("old member"), Some("new member")),
    ("Cargo.lock", Some("old lock"), Some("new lock")),
    ("Provenance.lock", None, Some("new pins")),
    ("obsolete.toml", Some("obsolete"), None),
];

type Listed = &'static [(&'static str, &'static str)];

/// Directories before and after.
const DIRECTORIES: [(&str, Option<Listed>, Option<Listed>); 3] = [
    (
        "vendor/changed",
        Some(&[("Cargo.toml", "1"), (".cargo-checksum.json", "{1}"), ("src/old.rs", "")]),
        Some(&[("Cargo.toml", "2"), (".cargo-checksum.json", "{2}"), ("src/new/er.rs", "")]),
    ),
    ("vendor/entering", None, Some(&[("Cargo.toml", "3"), ("src/lib.rs", "//! 3")])),
    ("vendor/leaving", Some(&[("Cargo.toml", "4"), ("src/lib.rs", "//! 4")]), None),
];

const TARGETS: usize = FILES.len() + DIRECTORIES.len();

type Snapshot = BTreeMap<String, Vec<u8>>;

fn snapshot(root: &Path) -> Snapshot {
    let mut found = Snapshot::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("list") {
            let path = entry.expect("entry").path();
            let name = path.strip_prefix(root).expect("below").to_string_lossy().into_owned();
            if path.is_symlink() {
                found.insert(name, vec![]);
            } else if path.is_dir() {
                // An empty folder, or one that was left over, would be missed otherwise.
                if path.ends_with(DIRECTORY) || name.contains("provenance-") || name.matches('/').count() == 1
                {
                    found.insert(name, vec![]);
                }
                folders.push(path);
            } else {
                found.insert(name, fs::read(path).expect("read"));
            }
        }
    }
    found
}

fn write(root: &Path, directory: &str, files: Listed) {
    for (path, text) in files {
        let path = root.join(directory).join(path);
        fs::create_dir_all(path.parent().expect("inside")).expect("create");
        fs::write(path, text).expect("write");
    }
}

fn old_and_new() -> (Snapshot, Snapshot) {
    let all = targets().collect::<Vec<_>>();
    (side(&[]), side(&all))
}

/// The workspace with some of its targets as they shall be and all others as they were.
fn side(done: &[&str]) -> Snapshot {
    let root = tempfile::tempdir().expect("temp");
    fs::create_dir_all(root.path().join("crates/a")).expect("create");
    fs::create_dir_all(root.path().join("vendor")).expect("create");
    for (path, old, new) in FILES {
        if let Some(text) = if done.contains(&path) { new } else { old } {
            fs::write(root.path().join(path), text).expect("write");
        }
    }
    for (path, old, new) in DIRECTORIES {
        write(root.path(), path, if done.contains(&path) { new } else { old }.unwrap_or_default());
    }
    snapshot(root.path())
}

fn targets() -> impl Iterator<Item = &'static str> {
    FILES.iter().map(|file| file.0).chain(DIRECTORIES.iter().map(|directory| directory.0))
}

/// A workspace in a folder that also holds what is to come.
struct Workspace {
    folder: tempfile::TempDir,
}

impl Workspace {
    fn path(&self) -> PathBuf {
        self.folder.path().join("workspace")
    }
}

fn workspace() -> (Workspace, Transaction) {
    let workspace = Workspace { folder: tempfile::tempdir().expect("temp") };
    let (root, scratch) = (workspace.path(), workspace.folder.path().join("scratch"));
    fs::create_dir_all(root.join("crates/a")).expect("create");
    fs::create_dir_all(root.join("vendor")).expect("create");
    let mut transaction = Transaction::new(&root);
    for (path, old, new) in FILES {
        if let Some(old) = old {
            fs::write(root.join(path), old).expect("write");
        }
        match new {
            Some(new) => transaction.replace(Path::new(path), old.map(Into::into), new.into()),
            None => transaction.remove(Path::new(path), old.expect("there").into()),
        }
    }
    for (path, old, new) in DIRECTORIES {
        let whole = |at: &Path| contents(&at.join(path)).expect("readable").expect("there").whole;
        write(&root, path, old.unwrap_or_default());
        write(&scratch, path, new.unwrap_or_default());
        let new = new.map(|_| Staged { from: scratch.join(path), whole: whole(&scratch) });
        transaction.replace_directory(Path::new(path), old.map(|_| whole(&root)), new);
    }
    (workspace, transaction)
}

/// Performs so many steps and stops as if killed; `false` when there are no more.
fn kill_after(root: &Path, transaction: &Transaction, count: usize) -> bool {
    let (journal, steps) = transaction.plan().expect("plan");
    state::create(root).expect("created");
    for step in steps.iter().take(count) {
        step.perform(root, &journal).expect("performed");
    }
    count < steps.len()
}

/// What was done without what was edited meanwhile.
fn without(mut snapshot: Snapshot, edited: &str) -> Snapshot {
    snapshot.retain(|name, _| !Path::new(name).starts_with(edited));
    snapshot
}

#[test]
fn everything_is_replaced_and_nothing_else_is_left() {
    let (root, transaction) = workspace();
    transaction.commit().expect("committed");
    assert_eq!(snapshot(&root.path()), old_and_new().1);
    assert_eq!(recover(&root.path()).expect("nothing to do"), Recovery::Nothing);
}

#[test]
fn a_kill_after_any_step_leaves_old_or_new() {
    let (old, new) = old_and_new();
    for count in 0.. {
        let (root, transaction) = workspace();
        let more = kill_after(&root.path(), &transaction, count);
        let recovery = recover(&root.path()).expect("recovered");
        let mut found = snapshot(&root.path());
        if recovery == Recovery::Nothing {
            // Killed before the journal or after its end: the folder is the lock's to remove.
            found.retain(|name, _| !name.starts_with(DIRECTORY));
        }
        match recovery {
            Recovery::Finished { created, replaced } => {
                let new_ones = ["Provenance.lock", "vendor/entering"];
                assert!(
                    new_ones.iter().all(|name| created.iter().any(|path| path.ends_with(name))),
                    "{created:?}"
                );
                assert_eq!(created.len(), new_ones.len(), "{count}");
                assert_eq!(created.len() + replaced.len(), TARGETS, "{count}");
                assert!(found == new, "{count}");
            }
            Recovery::Undone(paths) => assert!(found == old && paths.len() == TARGETS, "{count}"),
            Recovery::Nothing => assert!(found == if more { &old } else { &new }.clone(), "{count}"),
        }
        assert_eq!(recover(&root.path()).expect("once"), Recovery::Nothing);
        if !more {
            break;
        }
    }
}

#[test]
fn who_only_looks_is_told_and_changes_nothing() {
    let files = FILES.iter().map(|(path, ..)| *path).chain(DIRECTORIES.iter().map(|(path, ..)| *path));
    let files = files.map(PathBuf::from).collect::<Vec<_>>();
    for count in 0.. {
        let (root, transaction) = workspace();
        let more = kill_after(&root.path(), &transaction, count);
        let before = snapshot(&root.path());
        let expected = if count > 0 && more { &files[..] } else { &[] };
        assert_eq!(pending(&root.path()).expect("readable"), expected, "{count}");
        assert_eq!(has_journal(&root.path()), !expected.is_empty());
        assert_eq!(snapshot(&root.path()), before);
        if !more {
            break;
        }
    }
}

#[test]
fn who_only_looks_at_a_command_at_work_is_told_which() {
    let (root, transaction) = workspace();
    let lock =
        super::super::WorkspaceLock::acquire(&root.path(), "pin", crate::model::Clock(0)).expect("free");
    kill_after(&root.path(), &transaction, 1);
    let error = pending(&root.path()).expect_err("busy");
    assert!(error.to_string().contains("`cargo provenance pin`"), "{error}");
    drop(lock);
    assert_eq!(pending(&root.path()).expect("readable").len(), TARGETS);
}

#[test]
fn a_kill_within_a_copy_leaves_old() {
    let (root, transaction) = workspace();
    // The journal and the first copy.
    kill_after(&root.path(), &transaction, 2);
    fs::write(beside(&root.path().join("Cargo.toml"), OLD), b"old ma").expect("cut");
    assert!(matches!(recover(&root.path()).expect("recovered"), Recovery::Undone(_)));
    assert_eq!(snapshot(&root.path()), old_and_new().0);
}

#[test]
fn a_kill_within_the_copy_of_a_directory_leaves_old() {
    let (_, steps) = workspace().1.plan().expect("plan");
    let staged = steps.iter().position(|step| matches!(step, Step::Stage { .. })).expect("there");
    let (root, transaction) = workspace();
    kill_after(&root.path(), &transaction, staged + 1);
    fs::remove_file(beside(&root.path().join("vendor/changed"), NEW).join("src/new/er.rs")).expect("cut");
    assert!(matches!(recover(&root.path()).expect("recovered"), Recovery::Undone(_)));
    assert_eq!(snapshot(&root.path()), old_and_new().0);
}

#[test]
fn a_kill_within_the_removal_of_an_old_directory_leaves_new() {
    let (_, steps) = workspace().1.plan().expect("plan");
    let cleaning = steps.iter().position(|step| *step == Step::Journal(Phase::Cleaning)).expect("there");
    let (root, transaction) = workspace();
    kill_after(&root.path(), &transaction, cleaning + 1);
    fs::remove_file(beside(&root.path().join("vendor/changed"), OLD).join("src/old.rs")).expect("cut");
    assert!(matches!(recover(&root.path()).expect("recovered"), Recovery::Finished { .. }));
    assert_eq!(snapshot(&root.path()), old_and_new().1);
}

#[test]
fn a_kill_within_the_recovery_changes_nothing_about_the_end() {
    for pair in [
        ["Cargo.lock", "vendor/changed"],
        ["Provenance.lock", "vendor/entering"],
        ["obsolete.toml", "vendor/leaving"],
    ] {
        let (old, new) = (side(&[]), side(&pair));
        let only = || {
            let (root, mut transaction) = workspace();
            let is_one = |path: &Path| pair.iter().any(|name| path.ends_with(name));
            transaction.changes.retain(|change| match change {
                Change::Directory { path, .. } | Change::File { path, .. } => is_one(path),
            });
            (root, transaction)
        };
        let (_, steps) = only().1.plan().expect("plan");
        let first = steps.iter().position(|step| *step == Step::Journal(Phase::Replacing)).expect("there");
        for (count, direction) in
            (first..steps.len()).flat_map(|count| [(count, Direction::Back), (count, Direction::Forward)])
        {
            for killed in 1.. {
                let (root, transaction) = only();
                kill_after(&root.path(), &transaction, count);
                let journal = Journal::read(&root.path()).expect("readable").expect("there");
                let (steps, _) = way_out(&root.path(), &journal, direction).expect("a way out");
                if killed >= steps.len() {
                    break;
                }
                for step in &steps[..killed] {
                    step.perform(&root.path(), &journal).expect("performed");
                }
                let recovery = recover(&root.path()).expect("recovered");
                let found = snapshot(&root.path());
                let expected = if matches!(recovery, Recovery::Finished { .. }) { &new } else { &old };
                assert_eq!(&found, expected, "{pair:?} killed after {count}, then after {killed}");
            }
        }
    }
}

/// Does to a target what its owner might do: a file gets other bytes, a directory one more file; what is not there
/// appears. Returns the path that was written.
fn edit(root: &Path, target: &str) -> PathBuf {
    let path = root.join(target);
    let path = if target.starts_with("vendor") { path.join("edited.rs") } else { path };
    fs::create_dir_all(path.parent().expect("inside")).expect("create");
    fs::write(&path, "edited").expect("edit");
    path
}

#[test]
fn what_was_edited_before_the_commit_is_named_and_nothing_changes() {
    for target in targets() {
        let (root, transaction) = workspace();
        edit(&root.path(), target);
        let before = snapshot(&root.path());
        let error = transaction.commit().expect_err("refused");
        assert!(matches!(&error, Error::Changed { path } if path.ends_with(target)), "{error}");
        assert_eq!(snapshot(&root.path()), before);
    }
}

#[test]
fn an_edit_after_a_kill_is_never_lost() {
    let (old, new) = old_and_new();
    let (_, steps) = workspace().1.plan().expect("plan");
    let replacing = steps.iter().position(|step| *step == Step::Journal(Phase::Replacing)).expect("there");
    let targets = targets().collect::<Vec<_>>();
    // Every step waits for the disk; the targets wait together.
    provenance_build::threads::map(&targets, |&target| {
        let mut stuck = 0;
        for count in [1].into_iter().chain(replacing..=steps.len()) {
            let (root, transaction) = workspace();
            let more = kill_after(&root.path(), &transaction, count);
            let written = edit(&root.path(), target);
            let before = snapshot(&root.path());
            match recover(&root.path()) {
                Err(error) => {
                    assert!(matches!(&error, Error::Stuck { path, .. } if path.ends_with(target)), "{error}");
                    assert!(error.help().is_some_and(|help| help.contains("journal.json")));
                    assert_eq!(snapshot(&root.path()), before, "{target}, {count}");
                    stuck += 1;
                }
                Ok(recovery) => {
                    assert_eq!(fs::read(written).expect("still there"), b"edited", "{target}, {count}");
                    let found = without(snapshot(&root.path()), target);
                    let found = if recovery == Recovery::Nothing { without(found, DIRECTORY) } else { found };
                    let done = matches!(recovery, Recovery::Finished { .. }) || !more;
                    let expected = if done { &new } else { &old };
                    assert_eq!(found, without(expected.clone(), target), "{target}, {count}");
                }
            }
            if !more {
                break;
            }
        }
        assert!(stuck >= TARGETS, "{target}: {stuck}");
    });
}

#[test]
fn an_edit_of_a_directory_that_was_moved_aside_is_never_lost() {
    let (_, steps) = workspace().1.plan().expect("plan");
    let aside =
        |step: &Step| matches!(step, Step::Move { to, .. } if to.ends_with(".provenance-old-changed"));
    let first = steps.iter().position(aside).expect("there");
    let last = steps.iter().position(|step| *step == Step::Journal(Phase::Cleaning)).expect("there");
    for count in first + 1..=last {
        let (root, transaction) = workspace();
        kill_after(&root.path(), &transaction, count);
        let path = beside(&root.path().join("vendor/changed"), OLD);
        fs::write(path.join("src/old.rs"), "edited").expect("edit");
        let before = snapshot(&root.path());
        let error = recover(&root.path()).expect_err("refused");
        assert!(matches!(&error, Error::Stuck { path: stuck, .. } if *stuck == path), "{error}");
        assert_eq!(snapshot(&root.path()), before);
    }
}

#[test]
fn what_an_earlier_transaction_left_is_never_removed() {
    for kind in [OLD, NEW] {
        let (root, transaction) = workspace();
        let left = beside(&root.path().join("vendor/changed"), kind);
        fs::create_dir(&left).expect("create");
        fs::write(left.join("precious"), "x").expect("write");
        let before = snapshot(&root.path());
        let error = transaction.commit().expect_err("refused");
        assert!(matches!(&error, Error::Unsuitable { path, .. } if *path == left), "{error}");
        assert_eq!(snapshot(&root.path()), before);
    }
}

#[test]
fn a_directory_that_is_not_what_was_promised_is_not_put_in_place() {
    let (root, transaction) = workspace();
    fs::write(root.folder.path().join("scratch/vendor/entering/build.rs"), "evil").expect("write");
    let error = transaction.commit().expect_err("refused");
    assert!(
        matches!(&error, Error::Changed { path } if path.ends_with(".provenance-new-entering")),
        "{error}"
    );
    assert_eq!(without(snapshot(&root.path()), DIRECTORY), old_and_new().0);
}

#[test]
fn a_step_that_fails_takes_everything_back() {
    let (_, steps) = workspace().1.plan().expect("plan");
    let last = steps.iter().position(|step| *step == Step::Journal(Phase::Cleaning)).expect("there");
    for count in 1..=last {
        let (root, transaction) = workspace();
        kill_after(&root.path(), &transaction, count);
        // What `commit` does when the operating system refuses the next step.
        assert!(matches!(settle(&root.path(), Direction::Back).expect("undone"), Recovery::Undone(_)));
        assert_eq!(snapshot(&root.path()), old_and_new().0, "{count}");
    }
}

#[test]
fn a_failing_commit_takes_everything_back() {
    let (root, transaction) = workspace();
    // A folder where a copy must go: works as root too, unlike permissions.
    fs::create_dir(beside(&root.path().join("Provenance.lock"), NEW)).expect("create");
    let error = transaction.commit().expect_err("refused").to_string();
    assert!(error.contains("Provenance.lock"), "{error}");
    let mut found = snapshot(&root.path());
    found.retain(|name, _| !name.starts_with(DIRECTORY));
    assert_eq!(found, old_and_new().0);
}

#[test]
fn files_that_do_not_change_are_left_alone() {
    let (root, _) = workspace();
    let mut transaction = Transaction::new(&root.path());
    transaction.replace(Path::new("Cargo.lock"), Some("old lock".into()), "old lock".into());
    assert_eq!(transaction.plan().expect("plan").0.entries, []);
    transaction.commit().expect("nothing to do");
    assert_eq!(snapshot(&root.path()), old_and_new().0);
}

#[test]
fn one_file_is_written_once() {
    let (root, mut transaction) = workspace();
    transaction.replace(&root.path().join("crates/../Cargo.lock"), Some("old lock".into()), "x".into());
    assert!(matches!(transaction.commit(), Err(Error::Unsuitable { .. })));
}

#[test]
fn a_member_beside_the_workspace_can_be_replaced_but_nothing_created_there() {
    let parent = tempfile::tempdir().expect("temp");
    let root = parent.path().join("workspace");
    fs::create_dir(&root).expect("create");
    fs::write(parent.path().join("Cargo.toml"), "old").expect("write");
    let mut transaction = Transaction::new(&root);
    transaction.replace(Path::new("../Cargo.toml"), Some("old".into()), "new".into());
    transaction.commit().expect("committed");
    assert_eq!(fs::read(parent.path().join("Cargo.toml")).expect("read"), b"new");
    let mut transaction = Transaction::new(&root);
    transaction.replace(Path::new("../build.rs"), None, "fn main() {}".into());
    assert!(matches!(transaction.commit(), Err(Error::Unsuitable { .. })));
}

#[test]
fn nothing_is_written_in_a_directory_that_is_replaced() {
    let (root, mut transaction) = workspace();
    transaction.replace(Path::new("vendor/changed/Cargo.toml"), Some("1".into()), "x".into());
    assert!(matches!(transaction.commit(), Err(Error::Unsuitable { .. })));
    assert_eq!(snapshot(&root.path()), old_and_new().0);
}

#[test]
fn directories_outside_the_workspace_and_links_are_refused() {
    let (root, _) = workspace();
    let beside = root.folder.path().join("scratch/vendor/changed");
    let whole = contents(&beside).expect("readable").expect("there").whole;
    #[cfg(unix)]
    std::os::unix::fs::symlink(&beside, root.path().join("vendor/link")).expect("link");
    for path in ["../scratch/vendor/changed", "vendor/link"] {
        let mut transaction = Transaction::new(&root.path());
        transaction.replace_directory(Path::new(path), Some(whole), None);
        let error = transaction.commit().expect_err(path);
        assert!(matches!(error, Error::Unsuitable { .. }), "{error}");
    }
    assert!(beside.join("Cargo.toml").exists());
}

#[test]
fn a_journal_that_came_with_a_repository_cannot_reach_out() {
    let parent = tempfile::tempdir().expect("temp");
    let root = parent.path().join("workspace");
    fs::create_dir(&root).expect("create");
    // The mark that git cannot bring, so that it is the paths that are judged.
    state::create(&root).expect("created");
    fs::write(parent.path().join("victim"), "known").expect("write");
    write(parent.path(), "victims", &[("Cargo.toml", "known")]);
    let (hash, digest) = (
        sha256(b"known").hex(),
        contents(&parent.path().join("victims")).expect("read").expect("there").whole,
    );
    #[cfg(unix)]
    std::os::unix::fs::symlink(parent.path(), root.join("link")).expect("link");
    let before = snapshot(parent.path());
    let outside = ["../victim", "link/victim", "sub/../../victim", "/victim", "", "..", "."];
    let files = outside.map(|path| format!(r#"{{"path":"{path}","kind":"file","old":null,"new":"{hash}"}}"#));
    let gone = outside.map(|path| format!(r#"{{"path":"{path}","kind":"file","old":"{hash}","new":null}}"#));
    let directories = ["../victims", "link/victims"].map(|path| {
        let other = "b3:0";
        format!(r#"{{"path":"{path}","kind":"directory","old":"{digest}","new":"{other}"}}"#)
    });
    for entry in files.iter().chain(&gone).chain(&directories) {
        let text = format!(r#"{{"version":2,"phase":"replacing","entries":[{entry}]}}"#);
        fs::write(Journal::place(&root), text).expect("write");
        let error = recover(&root).expect_err(entry);
        assert!(!matches!(error, Error::Journal { .. }), "{entry}: {error}");
        fs::remove_file(Journal::place(&root)).expect("removed");
        assert_eq!(snapshot(parent.path()), before, "{entry}");
    }
}

#[test]
fn a_damaged_journal_is_refused() {
    let (root, _) = workspace();
    state::create(&root.path()).expect("created");
    let cases = [
        "",
        "{}",
        r#"{"version":3,"phase":"staging","entries":[]}"#,
        r#"{"version":2,"phase":"staging","entries":[],"x":1}"#,
        r#"{"version":2,"phase":"done","entries":[]}"#,
    ];
    for text in cases {
        fs::write(Journal::place(&root.path()), text).expect("write");
        let error = recover(&root.path()).expect_err(text);
        assert!(matches!(error, Error::Journal { .. }), "{error}");
    }
}

#[test]
fn a_journal_of_the_version_without_directories_is_not_misread() {
    let (root, _) = workspace();
    state::create(&root.path()).expect("created");
    let hash = sha256(b"new lock").hex();
    let old = sha256(b"old lock").hex();
    let text = format!(
        r#"{{"version":1,"phase":"replacing","files":[{{"path":"Cargo.lock","old":"{old}","new":"{hash}"}}]}}"#
    );
    fs::write(Journal::place(&root.path()), text).expect("write");
    let error = recover(&root.path()).expect_err("refused");
    assert!(error.to_string().contains("another version"), "{error}");
    assert_eq!(without(snapshot(&root.path()), DIRECTORY), old_and_new().0);
}

#[test]
fn temporary_files_of_a_killed_command_are_swept() {
    let (root, _) = workspace();
    fs::write(root.path().join(format!("{}x1y2z3", atomic::PREFIX)), "half").expect("write");
    assert_eq!(recover(&root.path()).expect("swept"), Recovery::Nothing);
    assert_eq!(snapshot(&root.path()), old_and_new().0);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn an_arbitrary_journal_never_panics(
        text in ".{0,60}",
        phase in "staging|replacing|cleaning",
        path in "[./a-z]{0,12}|vendor|vendor/changed|Cargo.toml",
        kind in "file|directory",
        hash in "[0-9a-f]{0,4}",
    ) {
        let (root, _) = workspace();
        let (old, _) = old_and_new();
        state::create(&root.path()).expect("created");
        for text in [
            text,
            format!(
                r#"{{"version":2,"phase":"{phase}","entries":[{{"path":"{path}","kind":"{kind}","old":null,"new":"{hash}"}}]}}"#
            ),
        ] {
            fs::write(Journal::place(&root.path()), text).expect("write");
            let _ = recover(&root.path());
            prop_assert_eq!(&without(snapshot(&root.path()), DIRECTORY), &old);
        }
    }
}
