//! The checks that a policy can name, and how far this version judges them.
//!
//! This small table stands where the vetting engine's own table of checks will be read.

use super::Level;

/// The number of the check set that pins record: raised whenever a check is added or judges more strictly.
pub const CHECK_SET: u32 = 1;

/// A check that a policy can name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Check {
    /// Its id, kebab case.
    pub id: &'static str,
    /// How far this version judges it.
    pub standing: Standing,
}

/// How far this version judges a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Judged, at this level unless the policy sets another.
    Judged(Level),
    /// Always denied: what it finds cannot be unpacked or pinned at all.
    Fixed,
    /// Known, but not judged yet: a policy that asks for it is refused.
    Planned,
}

impl Check {
    /// The level without a setting in the policy.
    pub fn default_level(&self) -> Level {
        match self.standing {
            Standing::Judged(level) => level,
            Standing::Fixed => Level::Deny,
            Standing::Planned => Level::Allow,
        }
    }
}

/// The check of an id.
pub fn check(id: &str) -> Option<&'static Check> {
    CHECKS.iter().find(|check| check.id == id)
}

/// Every id that a policy may name, for suggestions.
pub(super) fn ids() -> impl Iterator<Item = &'static str> + Clone {
    CHECKS.iter().map(|check| check.id)
}

const fn judged(id: &'static str, level: Level) -> Check {
    Check { id, standing: Standing::Judged(level) }
}

const fn fixed(id: &'static str) -> Check {
    Check { id, standing: Standing::Fixed }
}

const fn planned(id: &'static str) -> Check {
    Check { id, standing: Standing::Planned }
}

static CHECKS: &[Check] = &[
    fixed("archive-bomb"),
    fixed("archive-case-collision"),
    fixed("archive-duplicate"),
    fixed("archive-header-mismatch"),
    fixed("archive-link"),
    fixed("archive-malformed"),
    fixed("archive-missing"),
    fixed("archive-mode"),
    fixed("archive-name"),
    fixed("archive-path"),
    fixed("archive-reserved-name"),
    fixed("archive-special"),
    fixed("archive-trailing"),
    planned("audit-violation"),
    planned("banned"),
    planned("build-chmod"),
    planned("build-credential-path"),
    planned("build-decoded-command"),
    planned("build-dlopen"),
    planned("build-encoded-url"),
    planned("build-env-dump"),
    planned("build-exec"),
    planned("build-exec-downloader"),
    planned("build-exfil-host"),
    planned("build-ip-literal"),
    planned("build-net"),
    planned("build-net-dependency"),
    planned("build-script-changed"),
    planned("build-script-new"),
    planned("build-script-unusual-path"),
    planned("build-secret-name"),
    planned("build-time-code"),
    planned("build-tls-off"),
    planned("build-write-outside-out-dir"),
    planned("burst"),
    planned("capability-gained"),
    fixed("checksum-changed"),
    planned("crate-too-young"),
    planned("dependency-first-ever"),
    planned("dependency-too-young"),
    planned("dormant-revival"),
    planned("duplicate-version"),
    planned("exception-expired"),
    planned("exception-unused"),
    planned("exec-script"),
    planned("extension-mismatch"),
    planned("few-versions"),
    planned("git-dependency-mutable"),
    planned("include-executable"),
    planned("include-outside"),
    planned("index-manifest-mismatch"),
    planned("internal-name"),
    planned("license"),
    planned("license-missing"),
    planned("license-not-spdx"),
    planned("life-before-main"),
    planned("malicious"),
    planned("manifest-duplicate"),
    fixed("manifest-identity"),
    planned("manifest-orig-mismatch"),
    planned("name-affix"),
    planned("name-digit"),
    planned("name-edit"),
    planned("name-swap"),
    planned("name-twin"),
    planned("native-archive"),
    planned("native-executable"),
    planned("native-wasm"),
    planned("not-audited"),
    planned("notice"),
    planned("proc-macro-new"),
    judged("pubtime-unknown", Level::Review),
    planned("registry-changed"),
    planned("run-ci-gate"),
    planned("run-credentials-and-net"),
    planned("run-download-and-exec"),
    planned("run-exfil-host"),
    planned("run-net-and-env-dump"),
    planned("run-secret-regex-and-net"),
    planned("size-jump"),
    judged("source", Level::Deny),
    planned("source-encoded-blob"),
    planned("source-long-line"),
    planned("source-not-utf8"),
    planned("unicode-bidi"),
    planned("unicode-invisible-run"),
    planned("unicode-mixed-script"),
    planned("unmaintained"),
    planned("unsound"),
    planned("vcs-dirty"),
    planned("vcs-missing"),
    planned("version-jump"),
    judged("version-too-new", Level::Deny),
    planned("version-vanished"),
    judged("version-yanked", Level::Review),
    planned("vulnerability"),
    planned("yank-storm"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_sorted_and_unique() {
        assert!(CHECKS.windows(2).all(|pair| pair[0].id < pair[1].id));
    }
}
