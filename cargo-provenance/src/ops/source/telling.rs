//! The findings about commits, in words.

use super::anchor::Anchor;
use super::walk::{Changed, Fault, Passed, Verdict};
use crate::commit::{self, Id};
use crate::finding::{Finding, Weight};
use crate::git::{History, Object};
use crate::report::{Report, plural};

/// Tells what came of the commits.
pub(super) fn tell(passed: &Passed, report: &mut Report) {
    for verdict in &passed.verdicts {
        let Verdict { id, email, subject, .. } = verdict;
        match &verdict.ruling {
            Ok(by) => report.detail("Signed", format!("{} by {email} ({by})", id.short())),
            Err(fault) => {
                let mut finding = refused(&format!("commit {}", id.short()), email, fault, Object::Commit);
                if !subject.is_empty() {
                    finding.notes.insert(0, format!("\"{subject}\""));
                }
                finding.subject = Some(id.to_string());
                report.findings.push(finding);
            }
        }
        match (&verdict.trust, &verdict.ruling) {
            (Changed::Unreadable(why), _) => {
                let message = format!("commit {} makes the list of signers unreadable", id.short());
                let finding = Finding::new("signers-unreadable", Weight::Denial, message).note(why.clone());
                report.findings.push(
                    finding.help("correct it in a further commit: until then the list before it counts"),
                );
            }
            (Changed::Yes, Ok(_)) => {
                let message = format!("commit {} changes who may sign", id.short());
                let finding = Finding::new("signers-changed", Weight::Note, message);
                report.findings.push(finding.help(format!("look at it: `git show {}`", id.short())));
            }
            _ => {}
        }
    }
    let mut lines =
        passed.trusted.iter().flat_map(|trusted| &trusted.signers.without_effect).collect::<Vec<_>>();
    lines.dedup();
    for (line, why) in lines {
        report.not_checked.push(format!("line {line} of the signers, which lets nobody sign: {why}"));
    }
}

/// Tells of objects that are not what their names say; whether there are any.
pub(super) fn forged(history: &History, report: &mut Report) -> bool {
    for id in &history.forged {
        let message = format!("object {} is not what its name says", id.short());
        let mut finding = Finding::new("object-forged", Weight::Denial, message);
        finding.subject = Some(id.to_string());
        let help = "somebody changed the repository's own files: clone it again, and see what `git fsck` says of this one";
        report.findings.push(finding.help(help));
    }
    !history.forged.is_empty()
}

/// Tells that the trusted commit is no part of the history, unless something else was told.
pub(super) fn rewritten(anchor: &Anchor, head: &Id, is_policy: bool, report: &mut Report) {
    if !report.findings.is_empty() {
        return;
    }
    let message = format!("{} is not in the history of {}", anchor.since.short(), head.short());
    let finding = Finding::new("history-rewritten", Weight::Denial, message)
        .note(format!("it was trusted before, by {}", anchor.said_by))
        .help("find out who rewrote the history (`git push --force`): what was looked at may be gone, and other commits in its place");
    report.findings.push(if is_policy {
        finding.help("where it was meant, set `since` to a commit of the new history, after review")
    } else {
        finding.help(
            "for a branch that left the other one, name the point: `--since \"$(git merge-base BASE HEAD)\"`",
        )
    });
}

/// A finding about something that is not trusted.
pub(super) fn refused(what: &str, email: &str, fault: &Fault, object: Object) -> Finding {
    let who = if object == Object::Tag { "tagger" } else { "committer" };
    let denial = |id, message: String| Finding::new(id, Weight::Denial, message);
    let again = match object {
        Object::Tag => "put the tag there again, signed",
        Object::Commit => {
            "sign it: `git rebase --exec 'git commit --amend --no-edit --gpg-sign' BASE` signs the commits after `BASE`"
        }
    };
    match fault {
        Fault::Backdated { days } => denial("commit-backdated", format!("{what} is older than what it builds on"))
            .note(format!("by {}", if *days == 0 { "more than an hour".to_owned() } else { plural(*days as usize, "day") }))
            .help("a date that was set back lets a key sign that is over: find out why, and commit it again"),
        Fault::Postdated { days } => denial("commit-postdated", format!("{what} is dated later than now"))
            .note(format!("by {}", if *days == 0 { "more than an hour".to_owned() } else { plural(*days as usize, "day") }))
            .help("set the clock of the machine that made it, or of this one, and commit it again"),
        Fault::Malformed(why) => denial("commit-malformed", format!("{what} cannot be read: {why}"))
            .help("make it again with git: what readers could take for different things vouches for nothing"),
        Fault::Removed { key, by } => {
            denial("commit-key-removed", format!("{what} is signed by a key that counts no more"))
                .note(format!("{key} was taken from the list by commit {}, which is no part of its history", by.short()))
                .help("rebase it onto the newer history, signed by a key that counts there")
        }
        Fault::Signature(fault) => match fault {
            commit::Fault::Bad(why) => {
                denial("commit-signature-bad", format!("the signature of {what} does not hold: {why}")).help(again)
            }
            commit::Fault::Expired(why) => {
                denial("commit-key-expired", format!("the key of {what} is not valid: {why}"))
                    .note("it is judged by the clock of now, whatever date the commit has".to_owned())
                    .help("sign it with a key that is valid; a commit that was accepted in time passes with `--accepted REV`, or behind a newer `since`")
            }
            commit::Fault::NotCommitter(key, whose) => {
                denial("commit-signer-not-committer", format!("{what} of `{email}` is signed by somebody else"))
                    .note(format!("{key} is listed for `{whose}`"))
                    .help(format!("the {who} must sign: see who made it, or list the key for that address too"))
            }
            commit::Fault::Undecided(why) => denial("commit-undecided", format!("the signature of {what} could not be judged"))
                .note(why.clone())
                .help("import the OpenPGP keys of the signers (`gpg --import`), install what is missing, and run it again"),
            commit::Fault::Unknown(key) => {
                denial("commit-signer-unknown", format!("{what} of `{email}` is signed by a key that is not listed"))
                    .note(key.clone())
                    .help("where it should count, let somebody who is listed commit it to the list, before what it signs")
            }
            commit::Fault::Unsigned => denial("commit-unsigned", format!("{what} of `{email}` is not signed")).help(again),
        },
    }
}
