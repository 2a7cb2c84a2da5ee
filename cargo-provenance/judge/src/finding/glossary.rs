//! What findings mean that no check of the policy's table makes: drift, evidence that is missing, and remarks of commands.

/// A finding that no check makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Term {
    /// Its id.
    pub id: &'static str,
    /// What kind of finding it is.
    pub kind: Kind,
    /// What it means and what to do, in sentences. The first stands alone in lists.
    pub text: &'static str,
}

/// The kinds of findings that no check makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// A signature or a key does not hold: exit code 5.
    Distrust,
    /// Manifest, lockfile, configuration and sources disagree: exit code 4.
    Drift,
    /// It refuses whatever the policy says: exit code 1.
    Refusal,
    /// It is shown.
    Remark,
    /// Something that the answer depends on is missing: exit code 3.
    Undecided,
}

impl Kind {
    /// What it leads to, for lists.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Distrust => "distrusted",
            Self::Drift => "drift",
            Self::Refusal => "refused",
            Self::Remark => "note",
            Self::Undecided => "undecided",
        }
    }
}

impl Term {
    /// Its first sentence, without the full stop.
    pub fn summary(&self) -> &'static str {
        self.text.split_once(". ").map_or(self.text, |(first, _)| first)
    }
}

/// The term of an id.
pub fn term(id: &str) -> Option<&'static Term> {
    TERMS.iter().find(|term| term.id == id)
}

const fn distrust(id: &'static str, text: &'static str) -> Term {
    Term { id, kind: Kind::Distrust, text }
}

const fn drift(id: &'static str, text: &'static str) -> Term {
    Term { id, kind: Kind::Drift, text }
}

const fn refusal(id: &'static str, text: &'static str) -> Term {
    Term { id, kind: Kind::Refusal, text }
}

const fn remark(id: &'static str, text: &'static str) -> Term {
    Term { id, kind: Kind::Remark, text }
}

const fn undecided(id: &'static str, text: &'static str) -> Term {
    Term { id, kind: Kind::Undecided, text }
}

/// Every finding that no check makes, sorted by id.
pub static TERMS: &[Term] = &[
    remark(
        "accept-unused",
        "An `--accept` that no finding needed. Only what is up for review can be accepted; what stands at `deny` is for \
         the policy to change.",
    ),
    drift(
        "archive-differs",
        "A cached archive that is not the pinned one. Cargo unpacks it without looking at it again. Remove it: cargo \
         downloads it anew and checks it then.",
    ),
    undecided(
        "archive-missing",
        "The archive or the commit of a package is not at hand. Nothing can be said of its contents. `cargo fetch \
         --locked` brings it.",
    ),
    undecided(
        "archive-unreadable",
        "A cached archive that cannot be read. Remove it and let cargo fetch it again.",
    ),
    drift(
        "artifact-changed",
        "A file is not what the recorded build came to. Nothing is attested of it. Find out who changed it, and build again \
         with `cargo provenance build --record`.",
    ),
    refusal(
        "artifact-not-expected",
        "A file that the policy for deployment expects nothing of, or several things. What is not expected is not let \
         in. Add an `[[artifact]]` to that policy, or say with `--artifact NAME` which one it is.",
    ),
    drift(
        "artifact-not-pinned",
        "Cargo compiled a package from a directory that is neither a member nor was compared with a pin. Nothing of it was \
         run. Look for what leads cargo there: `paths`, `[patch]`, `[source]` or `--config`.",
    ),
    undecided(
        "artifact-unread",
        "An artifact that could not be opened as a regular file, or that changed while it was read. Nothing is known \
         of it. Name the file itself, and let nobody write to it meanwhile.",
    ),
    refusal(
        "attestation-level",
        "The build may be genuine, and is believed less than the policy asks for. How far a key is believed for a \
         builder is the `level` of its `[[root]]`, 1 unless it says more.",
    ),
    refusal(
        "attestation-missing",
        "Something that the policy requires has not been attested of this artifact. Name the bundle that holds it \
         with `--attestation`; if there is none, have it made.",
    ),
    distrust(
        "attestation-not-granted",
        "A key of the policy signed for a builder or a verifier that it may not vouch for. Find out who signed before \
         you grant it.",
    ),
    refusal(
        "attestation-old",
        "A statement that is older than the policy lets in, or from the future. It may be that somebody put an older \
         version back. Build and attest the artifact again.",
    ),
    refusal(
        "attestation-subject",
        "The statements that trusted keys signed are about other bytes. The artifact is another one than the \
         attested, or was changed since. Do not use it before you know why.",
    ),
    refusal(
        "attestation-unexpected",
        "A trusted statement about this artifact that says something else than the policy expects: another source, \
         another builder, a parameter that nobody expects. Look at the difference before you change what is expected.",
    ),
    distrust(
        "attestation-untrusted",
        "Too few keys of the policy signed what it requires. Anybody can write a statement. Name the attestations \
         that came with the artifact, and find out who signed the others.",
    ),
    refusal(
        "baseline-new",
        "A pin with basis `baseline`, or with a baseline finding, that was not there at the commit compared with. \
         `baseline` is for what was there before the gate: only `init` writes it. Remove the entry and run `cargo \
         provenance pin`, which judges the package.",
    ),
    refusal(
        "beyond-packages",
        "Something besides packages changed, and `pin --only-packages` is for packages. The policy, the members and the cargo \
         settings decide what runs and who is trusted. Look at the change, then run `cargo provenance pin`.",
    ),
    drift(
        "build-outdated",
        "`Cargo.lock` or `Provenance.lock` is not what it was when the recorded build began. What it came to was not made of what is \
         locked and pinned now. Build again with `cargo provenance build --record`.",
    ),
    drift(
        "cargo-setting",
        "A setting of the repository's cargo configuration that can run or swap code and is not recorded in the \
         manifest, or with another value. Remove it, or let `cargo provenance pin` record it after review.",
    ),
    drift(
        "cargo-setting-gone",
        "A recorded cargo setting that is no longer there. `cargo provenance pin` brings the manifest up to date.",
    ),
    remark(
        "certify",
        "What is about to be recorded as reviewed. Answer yes only if somebody read it, and found it to meet the criteria.",
    ),
    drift(
        "checksum-differs",
        "`Cargo.lock` names another archive than the pin. A registry never replaces a published version, so one of the \
         two was edited: find out which, before `cargo provenance pin` pins what is locked.",
    ),
    distrust(
        "commit-backdated",
        "A commit that is dated before what it builds on. A date that was set back makes a key look valid that is over. Find out \
         why, and commit it again.",
    ),
    distrust(
        "commit-key-expired",
        "A commit or tag signed by a key that is over, or not valid yet. It is judged by the clock of whoever verifies, whatever \
         date it bears. Sign it with a key that is valid, or name a revision that was accepted in time: `source --accepted REV`.",
    ),
    distrust(
        "commit-key-removed",
        "A commit signed by a key that was taken from the list of signers by a commit that is no part of its history. Whoever \
         has the old key could go on from any older point. Rebase it, signed by a key that counts.",
    ),
    distrust(
        "commit-malformed",
        "A commit or tag that can be read in two ways. Two signature headers, a NUL byte, a line out of place: git guesses what is \
         meant, and others guess otherwise. Make it again with git.",
    ),
    distrust(
        "commit-postdated",
        "A commit or tag that is dated later than now. Its date says nothing about when its key was valid. Set the clock, and \
         commit it again.",
    ),
    distrust(
        "commit-signature-bad",
        "A commit or tag whose signature does not hold. It was changed after it was signed, or the signature was made for something else. \
         Find out where it comes from, and let its committer sign it.",
    ),
    distrust(
        "commit-signer-not-committer",
        "A commit signed by a listed key that is not its committer's, or a tag not by its tagger. Git shows such a signature as good. \
         Let the committer sign, or list the key for that address too.",
    ),
    distrust(
        "commit-signer-unknown",
        "A commit or tag signed by a key that is not on the list of signers. Anybody can make a key. Let somebody who is listed \
         put it on the list, in a commit before what it signs.",
    ),
    undecided(
        "commit-undecided",
        "A signature that could not be judged. gpg lacks the key, or OpenSSH does not know its kind. Import the signers' keys, or \
         install what is missing, and run it again.",
    ),
    distrust(
        "commit-unsigned",
        "A commit that changes the workspace, or a tag, without a signature. Who made it is what it says of itself. Let its committer sign it: \
         `git commit --amend --no-edit --gpg-sign`.",
    ),
    refusal(
        "deploy-policy-expired",
        "The policy for deployment was good until a day that is over. Review what it trusts, then give it another \
         day.",
    ),
    refusal(
        "downgrade",
        "What would mend a vulnerable package needs an older version of another one. `cargo provenance fix` never goes back: see \
         which of the two the team can do without.",
    ),
    remark(
        "guard-needed",
        "The workspace lets cargo call the guard before rustc, so every cargo command in it fails where the guard is not \
         installed. That is what keeps a machine without it from building what nobody compared.",
    ),
    remark(
        "guard-not-published",
        "The guard package that `init --build-helper=guard` writes stays in the workspace. `cargo publish` refuses \
         members that depend on it; for those use `--build-helper=binaries`.",
    ),
    distrust(
        "history-rewritten",
        "The commit that was trusted before is not in the history of the one that is judged. Somebody rewrote the branch, or it is another \
         one. Find out by whom; where it was meant, begin at a commit of the new history after review.",
    ),
    refusal(
        "hook-foreign",
        "A hook of git that somebody else wrote stands where ours would. It stays as it is. Put the line that is shown into it.",
    ),
    drift(
        "image-other-manifest",
        "A program that was built by another `Provenance.lock` than the one given, or does not say by which. What it was built from \
         was pinned by somebody else, or at another time. Roll out the release that was built by this manifest.",
    ),
    refusal(
        "image-unlisted",
        "A program that does not say what it was built from, where `scan --require-sections` demands it. Build it with the list \
         in it, for which `cargo provenance init --build-helper --embed` sets a workspace up, or with `cargo auditable`.",
    ),
    undecided(
        "image-unreadable",
        "A file, a folder or a part of an archive that could not be looked into. What it holds is not known, and what is not known is \
         never a pass. Run `scan` as a user who may read it, or unpack what is not opened.",
    ),
    remark(
        "import-adds",
        "A newer state of an imported set of audits vouches for more. Look at who does before you take it over.",
    ),
    undecided(
        "import-not-updated",
        "An imported set of audits could not be fetched, or is not one any more. The copy in the repository stays as it is.",
    ),
    remark(
        "import-redefines",
        "A newer state of an imported set of audits means something else by its criteria. Reviews that are there already prove \
         something else by it. Read the descriptions before you take it over.",
    ),
    remark(
        "import-revokes",
        "A newer state of an imported set of audits vouches for less, or warns of more. Somebody had a reason: look at the \
         packages that are named.",
    ),
    remark(
        "import-unchanged",
        "A newer state of an imported set of audits says what the old one said. Nothing that is decided changes with it.",
    ),
    remark(
        "import-unwarns",
        "A newer state of an imported set of audits no longer warns of something. What it refused until now may pass. Ask its \
         maintainers before you take it over.",
    ),
    remark(
        "interrupted",
        "An earlier command was interrupted while it wrote. Some files may be old and some new until `cargo provenance \
         pin` has finished or undone it.",
    ),
    remark(
        "key-not-trusted",
        "The key that signed is none that counts here. Its signature is there, and stands for nothing until the policy, or the \
         user's own list, names the key.",
    ),
    drift(
        "lock-stale",
        "`Cargo.lock` does not follow the manifests, so that the next build writes another one. Run `cargo fetch`, then \
         `cargo provenance pin`.",
    ),
    distrust(
        "manifest-expired",
        "The manifest was signed to be good until a day that is over. It may be an old one that somebody put back. Get the \
         newest, or review it and sign it anew with `cargo provenance sign --expires YYYY-MM-DD`.",
    ),
    distrust(
        "manifest-older",
        "The manifest is an older one than that of the revision which `--not-before` names. It was signed once, and what \
         was wrong with it is known since. Restore the newer one.",
    ),
    drift(
        "member-moved",
        "A member is not where the manifest lists it. What lies there now would be compiled as the team's own. Undo the \
         move, or let `cargo provenance pin` list it after review.",
    ),
    refusal(
        "member-name-known",
        "A new member bears the name of a package that a registry in use or the manifest knows. A copy of somebody \
         else's package would count as the team's own and be compiled unpinned. If it is the team's own, say so: `cargo \
         provenance pin --own NAME=REASON`.",
    ),
    drift(
        "member-twin",
        "A path package bears a member's name. Members are the team's own and not hashed, so that it would be compiled \
         unseen. Rename one of them.",
    ),
    remark(
        "member-without-gate",
        "A member whose plain `cargo build` does not refuse drift. `cargo provenance verify` finds it all the same.",
    ),
    remark(
        "not-embedded",
        "A binary that says nothing yet about what it is built from, though `init --embed` asked for it. The build script writes the \
         list and `main.rs` includes it: that line is for you to add, because the code is yours.",
    ),
    undecided(
        "not-judged",
        "Something could not be looked up, and the answer depends on it. What is not known is never a pass: the exit code \
         is 3. Provide what the finding names and run the command again.",
    ),
    drift(
        "not-pinned",
        "A third-party package of `Cargo.lock` that no pin covers. It came in past the gate: by an edit of a \
         `Cargo.toml`, by plain `cargo add`, or by a bot. `cargo provenance pin` vets and pins it.",
    ),
    remark(
        "not-signed",
        "The manifest was signed, or must be, and the one that was written now is not. No key was at hand that needs nobody, or \
         what was there before cannot be vouched for without a look. Review the manifest, then run `cargo provenance sign`.",
    ),
    remark(
        "not-taken-over",
        "Settings of another tool's file that `init` could not translate. What the other tool judged by them, nobody judges here: \
         look at each, and keep that tool for what the team cannot do without.",
    ),
    remark(
        "not-vendored",
        "The vendor directory does not hold the new packages yet. Vendor as before, then verify.",
    ),
    distrust(
        "object-forged",
        "An object of the repository is not what its name says. Git does not look again when it reads it; a signature over the name \
         says nothing about the content then. Clone the repository again.",
    ),
    drift(
        "path-detour",
        "A dependency, a patch or a `paths` override leads to another directory than the listed one. Undo it, or list \
         what is there after review.",
    ),
    remark(
        "path-package",
        "A path package outside the workspace that is pinned as a third party's. If it is the team's own, list its \
         directory in `own` of `Provenance.toml`.",
    ),
    drift(
        "pin-differs",
        "A pin that is not what its registry published, or its commit holds. Somebody edited the manifest. Find out who, \
         remove the entry, and let `cargo provenance pin` prove the package anew.",
    ),
    drift(
        "pin-unused",
        "A pin or a member that `Cargo.lock` does not name any more. `cargo provenance pin` removes it.",
    ),
    drift(
        "policy-changed",
        "The manifest was written under another policy. `cargo provenance pin` judges by this one and writes its digest.",
    ),
    distrust(
        "policy-unsigned",
        "The policy is not the one that the signed manifest was written under. Somebody changed it after the signature. \
         Undo the change, or run `cargo provenance pin` after review and sign again.",
    ),
    undecided(
        "process-unseen",
        "A process, or code that it runs, that could not be looked into. What it runs is not known, and what is not known is never a \
         pass. Run `scan --running` as the administrator.",
    ),
    refusal(
        "repository-differs",
        "A package that is not what its repository has at the commit that it names. Files were changed, or put in, after the \
         commit, where nobody who reads the repository sees them. Code refuses, tests and documentation wait for a look, \
         line ends are only noted.",
    ),
    undecided(
        "repository-unknown",
        "A package that could not be compared with its repository. It names no commit, or none that a branch or a tag of the \
         repository leads to, or the repository is out of reach. What is not known is never a pass.",
    ),
    remark(
        "review-not-bound",
        "`certify --unbound` recorded a review of no bytes, and the policy asks for them: it does not count. Certify it again \
         without the flag.",
    ),
    remark(
        "review-not-signed",
        "`certify` found no key, and the policy asks for signatures of reviews: it does not count. Certify it again with a key \
         of whoever reviewed it; nothing else has to be done anew.",
    ),
    remark(
        "running-deleted",
        "A program or library that runs and was deleted on disk. An upgrade does that: what was installed instead does not run before \
         it is started anew. Restart it, or find out why it is gone.",
    ),
    remark(
        "running-in-memory",
        "A program or library that runs and never lay on disk. Few honest programs do that, and malware does. Find out who started it.",
    ),
    remark(
        "running-replaced",
        "A program or library that runs while another file has its place on disk. An upgrade does that: what was installed does not \
         run before it is started anew. Restart it.",
    ),
    refusal(
        "setting-new",
        "`check --since`: the change brings a cargo setting that could run something while cargo resolves. No cargo was \
         started. Review it, and let it in on its own.",
    ),
    distrust(
        "signature",
        "The manifest is not signed as the policy or the caller demands. What it pins was perhaps never reviewed. Find out \
         who changed it; where it is right, run `cargo provenance sign` with a trusted key.",
    ),
    remark(
        "signers-changed",
        "A commit changes who may sign the next ones. Somebody signed it who might. Look whether it was meant.",
    ),
    distrust(
        "signers-unreadable",
        "A commit makes the list of signers unreadable. Until a further commit corrects it, the list before it counts. The finding \
         names the line.",
    ),
    distrust(
        "signing-not-set-up",
        "A commit made now would not be signed by a key that counts for its committer. The hook before a commit says so. Set git up, or \
         let somebody put the key on the list.",
    ),
    drift(
        "source-differs",
        "The sources on disk are not the pinned ones. `cargo provenance diff` shows what changed, `cargo provenance verify \
         --repair` restores them from a proven archive.",
    ),
    drift(
        "source-unacceptable",
        "The sources on disk hold something that no package of their kind can hold: a link, a device, a name that is no \
         text. `cargo provenance verify --repair` restores them.",
    ),
    remark(
        "summary-failed",
        "A verifier that the policy trusts found fault with this artifact. It decides nothing here, since whoever \
         carries the attestations could have left it out. Ask the verifier why.",
    ),
    distrust(
        "tag-differs",
        "A tag that is not the one that its name says. It is not annotated, or a signed tag of another version was renamed. Find out \
         who put it there.",
    ),
    refusal(
        "trust-overstated",
        "A pin says that reviews, or the name of a publisher, prove something of a package, and they do not: somebody wrote \
         that by hand, or what it rested on was taken back. `check --since` refuses it in what a change writes; elsewhere it is a \
         note. `cargo provenance pin --recheck` writes what is proven.",
    ),
    distrust(
        "unattested",
        "A program that no trusted key signed provenance for. Who built it, and from what, nobody vouches for. It refuses with `scan \
         --require-attested`, and is a note without.",
    ),
    refusal(
        "vendor-differs",
        "What `cargo vendor` made of a package is not what was proven. Find out which cargo ran, and run the command again.",
    ),
    remark(
        "weaker-than-default",
        "Another tool's file made the new policy milder than it is by itself: a level below the default, or another place that \
         packages or advisories may come from. Look at each, and take out of `Provenance.toml` what the team does not mean.",
    ),
    remark(
        "weighs-otherwise",
        "What another tool goes by counts for more or for less here, or what it lets pass has no review that counts. Look at each: \
         what is not pinned yet is held to what this tool asks.",
    ),
    refusal(
        "workspace-dirty",
        "Files of the workspace differed from the commit, or lay beside it, when the recorded build began. A statement that names \
         the commit alone would say what is not so. Commit them and build again, or attest with `--allow-dirty`.",
    ),
    drift(
        "workspace-root",
        "Cargo takes another directory for the workspace root than the one that holds the manifest. Remove the \
         `Cargo.toml` that does not belong there.",
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terms_are_sorted_unique_and_begin_with_a_sentence() {
        assert!(TERMS.windows(2).all(|pair| pair[0].id < pair[1].id));
        for Term { id, text, .. } in TERMS {
            assert!(text.contains(". ") && text.ends_with('.'), "{id}");
        }
    }
}
