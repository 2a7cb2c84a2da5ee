//! Kills after every step, edits in between, and journals that somebody else wrote.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::super::DIRECTORY;
use super::*;

const FILES: [(&str, Option<&str>, &str); 4] = [
    ("Cargo.toml", Some("old manifest"), "new manifest"),
    ("crates/a/Cargo.toml", Some("old member"), "new member"),
    ("Cargo.lock", Some("old lock"), "new lock"),
    ("Provenance.lock", None, "new pins"),
];

type Snapshot = BTreeMap<String, Vec<u8>>;

fn snapshot(root: &Path) -> Snapshot {
    let mut found = Snapshot::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("list") {
            let path = entry.expect("entry").path();
            if path.is_dir() {
                // An empty state folder would be missed otherwise.
                if path.ends_with(DIRECTORY) {
                    found.insert(DIRECTORY.into(), vec![]);
                }
                folders.push(path);
            } else {
                let name = path.strip_prefix(root).expect("below").to_string_lossy().into_owned();
                found.insert(name, fs::read(path).expect("read"));
            }
        }
    }
    found
}

fn old_and_new() -> (Snapshot, Snapshot) {
    let name = |path: &&str| (*path).to_owned();
    let old = FILES.iter().filter_map(|(path, old, _)| Some((name(path), (*old)?.into()))).collect();
    let new = FILES.iter().map(|(path, _, new)| (name(path), (*new).into())).collect();
    (old, new)
}

fn workspace() -> (tempfile::TempDir, Transaction) {
    let root = tempfile::tempdir().expect("temp");
    fs::create_dir_all(root.path().join("crates/a")).expect("create");
    let mut transaction = Transaction::new(root.path());
    for (path, old, new) in FILES {
        if let Some(old) = old {
            fs::write(root.path().join(path), old).expect("write");
        }
        transaction.replace(Path::new(path), old.map(Into::into), new.into());
    }
    (root, transaction)
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

#[test]
fn all_files_are_replaced_and_nothing_else_is_left() {
    let (root, transaction) = workspace();
    transaction.commit().expect("committed");
    assert_eq!(snapshot(root.path()), old_and_new().1);
    assert_eq!(recover(root.path()).expect("nothing to do"), Recovery::Nothing);
}

#[test]
fn a_kill_after_any_step_leaves_old_or_new() {
    let (old, new) = old_and_new();
    for count in 0.. {
        let (root, transaction) = workspace();
        let more = kill_after(root.path(), &transaction, count);
        let recovery = recover(root.path()).expect("recovered");
        let mut found = snapshot(root.path());
        if recovery == Recovery::Nothing {
            // Killed before the journal or after its end: the folder is the lock's to remove.
            found.retain(|name, _| !name.starts_with(DIRECTORY));
        }
        match recovery {
            Recovery::Finished { created, replaced } => {
                assert!(created.iter().all(|path| path.ends_with("Provenance.lock")), "{created:?}");
                assert_eq!((created.len(), replaced.len()), (1, FILES.len() - 1), "{count}");
                assert_eq!(found, new, "{count}");
            }
            Recovery::Undone(paths) => assert!(found == old && paths.len() == FILES.len(), "{count}"),
            Recovery::Nothing => assert!(found == if more { &old } else { &new }.clone(), "{count}"),
        }
        assert_eq!(recover(root.path()).expect("once"), Recovery::Nothing);
        if !more {
            break;
        }
    }
}

#[test]
fn who_only_looks_is_told_and_changes_nothing() {
    let files = FILES.map(|(path, ..)| PathBuf::from(path));
    for count in 0.. {
        let (root, transaction) = workspace();
        let more = kill_after(root.path(), &transaction, count);
        let before = snapshot(root.path());
        let expected = if count > 0 && more { &files[..] } else { &[] };
        assert_eq!(pending(root.path()).expect("readable"), expected, "{count}");
        assert_eq!(has_journal(root.path()), !expected.is_empty());
        assert_eq!(snapshot(root.path()), before);
        if !more {
            break;
        }
    }
}

#[test]
fn who_only_looks_at_a_command_at_work_is_told_which() {
    let (root, transaction) = workspace();
    let lock = lock::WorkspaceLock::acquire(root.path(), "pin", crate::model::Clock(0)).expect("free");
    kill_after(root.path(), &transaction, 1);
    let error = pending(root.path()).expect_err("busy");
    assert!(error.to_string().contains("`cargo provenance pin`"), "{error}");
    drop(lock);
    assert_eq!(pending(root.path()).expect("readable").len(), FILES.len());
}

#[test]
fn a_kill_within_a_copy_leaves_old() {
    let (root, transaction) = workspace();
    // The journal and the first copy.
    kill_after(root.path(), &transaction, 2);
    fs::write(copy(&root.path().join("Cargo.toml"), OLD), b"old ma").expect("cut");
    assert!(matches!(recover(root.path()).expect("recovered"), Recovery::Undone(_)));
    assert_eq!(snapshot(root.path()), old_and_new().0);
}

#[test]
fn a_kill_within_the_recovery_changes_nothing_about_the_end() {
    let (old, new) = old_and_new();
    for direction in [Direction::Forward, Direction::Back] {
        for count in 1.. {
            let (root, transaction) = workspace();
            let more = kill_after(root.path(), &transaction, count);
            let Some(journal) = Journal::read(root.path()).expect("readable") else { break };
            let (steps, _) = way_out(root.path(), &journal, direction).expect("a way out");
            for killed in 0..steps.len() {
                let (root, transaction) = workspace();
                kill_after(root.path(), &transaction, count);
                for step in &way_out(root.path(), &journal, direction).expect("a way out").0[..killed] {
                    // The journal's entries are relative, so that it fits every workspace.
                    step.perform(root.path(), &journal).expect("performed");
                }
                let recovery = recover(root.path()).expect("recovered");
                let found = snapshot(root.path());
                let expected = if matches!(recovery, Recovery::Finished { .. }) { &new } else { &old };
                assert_eq!(&found, expected, "killed after {count}, then after {killed}");
            }
            if !more {
                break;
            }
        }
    }
}

#[test]
fn a_file_that_was_edited_before_the_commit_is_named_and_nothing_changes() {
    let (root, transaction) = workspace();
    fs::write(root.path().join("Cargo.lock"), "edited").expect("edit");
    let before = snapshot(root.path());
    let error = transaction.commit().expect_err("refused");
    assert!(matches!(&error, Error::Changed { path } if path.ends_with("Cargo.lock")), "{error}");
    assert_eq!(snapshot(root.path()), before);
}

#[test]
fn a_file_that_appeared_before_the_commit_is_not_overwritten() {
    let (root, transaction) = workspace();
    fs::write(root.path().join("Provenance.lock"), "somebody else's").expect("write");
    assert!(matches!(transaction.commit(), Err(Error::Changed { .. })));
}

#[test]
fn a_file_that_was_edited_after_a_kill_is_named_and_nothing_changes() {
    let (_, steps) = workspace().1.plan().expect("plan");
    let first = steps.iter().position(|step| matches!(step, Step::Replace { .. })).expect("there");
    for count in first..first + FILES.len() + 1 {
        let (root, transaction) = workspace();
        kill_after(root.path(), &transaction, count);
        fs::write(root.path().join("Cargo.lock"), "edited").expect("edit");
        let before = snapshot(root.path());
        let error = recover(root.path()).expect_err("refused");
        assert!(matches!(&error, Error::Stuck { path, .. } if path.ends_with("Cargo.lock")), "{error}");
        assert!(error.help().is_some_and(|help| help.contains("journal.json")));
        assert_eq!(snapshot(root.path()), before);
    }
}

#[test]
fn an_edit_during_the_commit_takes_everything_back() {
    let (root, transaction) = workspace();
    let (journal, steps) = transaction.plan().expect("plan");
    state::create(root.path()).expect("created");
    let second = steps.iter().rposition(|step| matches!(step, Step::Replace { .. })).expect("there");
    for step in &steps[..second] {
        step.perform(root.path(), &journal).expect("performed");
    }
    // What `commit` does when the operating system refuses a step.
    assert!(matches!(settle(root.path(), Direction::Back).expect("undone"), Recovery::Undone(_)));
    assert_eq!(snapshot(root.path()), old_and_new().0);
}

#[test]
fn a_failing_commit_takes_everything_back() {
    let (root, transaction) = workspace();
    // A folder where a copy must go: works as root too, unlike permissions.
    fs::create_dir(copy(&root.path().join("Provenance.lock"), NEW)).expect("create");
    let error = transaction.commit().expect_err("refused").to_string();
    assert!(error.contains("Provenance.lock"), "{error}");
    let mut found = snapshot(root.path());
    found.retain(|name, _| !name.starts_with(DIRECTORY));
    assert_eq!(found, old_and_new().0);
}

#[test]
fn files_that_do_not_change_are_left_alone() {
    let (root, _) = workspace();
    let mut transaction = Transaction::new(root.path());
    transaction.replace(Path::new("Cargo.lock"), Some("old lock".into()), "old lock".into());
    assert_eq!(transaction.plan().expect("plan").0.files, []);
    transaction.commit().expect("nothing to do");
    assert_eq!(snapshot(root.path()), old_and_new().0);
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
fn a_journal_that_came_with_a_repository_cannot_reach_out() {
    let parent = tempfile::tempdir().expect("temp");
    let root = parent.path().join("workspace");
    fs::create_dir_all(root.join(DIRECTORY)).expect("create");
    fs::write(parent.path().join("victim"), "known").expect("write");
    let hash = sha256(b"known").hex();
    #[cfg(unix)]
    std::os::unix::fs::symlink(parent.path(), root.join("link")).expect("link");
    for path in ["../victim", "link/victim", "sub/../../victim", "/victim", "", "..", "."] {
        let file = format!(r#"{{"path":"{path}","old":null,"new":"{hash}"}}"#);
        let text = format!(r#"{{"version":1,"phase":"replacing","files":[{file}]}}"#);
        fs::write(Journal::place(&root), text).expect("write");
        assert!(recover(&root).is_err(), "{path}");
        assert_eq!(fs::read(parent.path().join("victim")).expect("read"), b"known");
    }
}

#[test]
fn a_damaged_journal_is_refused() {
    let (root, _) = workspace();
    state::create(root.path()).expect("created");
    let cases = [
        "",
        "{}",
        r#"{"version":2,"phase":"staging","files":[]}"#,
        r#"{"version":1,"phase":"staging","files":[],"x":1}"#,
        r#"{"version":1,"phase":"done","files":[]}"#,
    ];
    for text in cases {
        fs::write(Journal::place(root.path()), text).expect("write");
        let error = recover(root.path()).expect_err(text);
        assert!(matches!(error, Error::Journal { .. }), "{error}");
    }
}

#[test]
fn temporary_files_of_a_killed_command_are_swept() {
    let (root, _) = workspace();
    fs::write(root.path().join(format!("{}x1y2z3", atomic::PREFIX)), "half").expect("write");
    assert_eq!(recover(root.path()).expect("swept"), Recovery::Nothing);
    assert_eq!(snapshot(root.path()), old_and_new().0);
}

proptest! {
    #[test]
    fn an_arbitrary_journal_never_panics(text in ".{0,60}", path in "[./a-z]{0,12}", hash in "[0-9a-f]{0,4}") {
        let (root, _) = workspace();
        state::create(root.path()).expect("created");
        for text in [
            text,
            format!(r#"{{"version":1,"phase":"replacing","files":[{{"path":"{path}","old":null,"new":"{hash}"}}]}}"#),
        ] {
            fs::write(Journal::place(root.path()), text).expect("write");
            let _ = recover(root.path());
            for (name, bytes) in old_and_new().0 {
                prop_assert_eq!(&fs::read(root.path().join(name)).expect("read"), &bytes);
            }
        }
    }
}
