//! The one table of checks. `explain`, the reference, and the policy's reader go through it; to add a check is to add its
//! file and its line here.

mod advisories;
mod archive_bomb;
mod archive_case_collision;
mod archive_duplicate;
mod archive_header_mismatch;
mod archive_link;
mod archive_malformed;
mod archive_mode;
mod archive_name;
mod archive_path;
mod archive_reserved_name;
mod archive_special;
mod archive_trailing;
mod audit_violation;
mod banned;
mod build_chmod;
mod build_credential_path;
mod build_decoded_command;
mod build_dlopen;
mod build_encoded_url;
mod build_env_dump;
mod build_exec;
mod build_exec_downloader;
mod build_exfil_host;
mod build_ip_literal;
mod build_net;
mod build_net_dependency;
mod build_script_changed;
mod build_script_new;
mod build_script_unusual_path;
mod build_secret_name;
mod build_time_code;
mod build_tls_off;
mod build_write_outside_out_dir;
mod burst;
mod capability_gained;
mod checksum_changed;
mod code_unread;
mod crate_too_young;
mod crev_other_bytes;
mod dependency_first_ever;
mod dependency_too_young;
mod dormant_revival;
mod duplicate_version;
mod exception_expired;
mod exception_unused;
mod exec_script;
mod extension_mismatch;
mod few_versions;
mod git_dependency_mutable;
mod include_executable;
mod include_outside;
mod index_manifest_mismatch;
mod internal_name;
mod license;
mod license_missing;
mod license_not_spdx;
mod life_before_main;
mod look_alike;
mod malicious;
mod manifest_duplicate;
mod manifest_identity;
mod manifest_orig_mismatch;
mod name_affix;
mod name_digit;
mod name_edit;
mod name_swap;
mod name_twin;
mod native_archive;
mod native_executable;
mod native_wasm;
mod not_audited;
mod notice;
mod of_code;
mod of_files;
mod proc_macro_new;
mod publisher_not_enough;
mod pubtime_unknown;
mod registry_changed;
mod review_of_other_bytes;
mod run_ci_gate;
mod run_credentials_and_net;
mod run_download_and_exec;
mod run_exfil_host;
mod run_net_and_env_dump;
mod run_secret_regex_and_net;
mod size_jump;
mod source;
mod source_encoded_blob;
mod source_long_line;
mod source_not_utf8;
mod target_outside;
mod unicode_bidi;
mod unicode_invisible_run;
mod unicode_mixed_script;
mod unmaintained;
mod unsound;
mod vcs_dirty;
mod vcs_missing;
mod version_jump;
mod version_too_new;
mod version_vanished;
mod version_yanked;
mod vulnerability;
mod yank_storm;

#[cfg(test)]
mod samples;

use std::sync::LazyLock;

use super::check::Check;
use crate::policy::Known;

/// The number of the check set that pins record: raised whenever a check is added or judges more strictly.
pub const CHECK_SET: u32 = 3;

/// Every check, sorted by id.
pub static CHECKS: &[&Check] = &[
    &archive_bomb::CHECK,
    &archive_case_collision::CHECK,
    &archive_duplicate::CHECK,
    &archive_header_mismatch::CHECK,
    &archive_link::CHECK,
    &archive_malformed::CHECK,
    &archive_mode::CHECK,
    &archive_name::CHECK,
    &archive_path::CHECK,
    &archive_reserved_name::CHECK,
    &archive_special::CHECK,
    &archive_trailing::CHECK,
    &audit_violation::CHECK,
    &banned::CHECK,
    &build_chmod::CHECK,
    &build_credential_path::CHECK,
    &build_decoded_command::CHECK,
    &build_dlopen::CHECK,
    &build_encoded_url::CHECK,
    &build_env_dump::CHECK,
    &build_exec::CHECK,
    &build_exec_downloader::CHECK,
    &build_exfil_host::CHECK,
    &build_ip_literal::CHECK,
    &build_net::CHECK,
    &build_net_dependency::CHECK,
    &build_script_changed::CHECK,
    &build_script_new::CHECK,
    &build_script_unusual_path::CHECK,
    &build_secret_name::CHECK,
    &build_time_code::CHECK,
    &build_tls_off::CHECK,
    &build_write_outside_out_dir::CHECK,
    &burst::CHECK,
    &capability_gained::CHECK,
    &checksum_changed::CHECK,
    &code_unread::CHECK,
    &crate_too_young::CHECK,
    &crev_other_bytes::CHECK,
    &dependency_first_ever::CHECK,
    &dependency_too_young::CHECK,
    &dormant_revival::CHECK,
    &duplicate_version::CHECK,
    &exception_expired::CHECK,
    &exception_unused::CHECK,
    &exec_script::CHECK,
    &extension_mismatch::CHECK,
    &few_versions::CHECK,
    &git_dependency_mutable::CHECK,
    &include_executable::CHECK,
    &include_outside::CHECK,
    &index_manifest_mismatch::CHECK,
    &internal_name::CHECK,
    &license::CHECK,
    &license_missing::CHECK,
    &license_not_spdx::CHECK,
    &life_before_main::CHECK,
    &malicious::CHECK,
    &manifest_duplicate::CHECK,
    &manifest_identity::CHECK,
    &manifest_orig_mismatch::CHECK,
    &name_affix::CHECK,
    &name_digit::CHECK,
    &name_edit::CHECK,
    &name_swap::CHECK,
    &name_twin::CHECK,
    &native_archive::CHECK,
    &native_executable::CHECK,
    &native_wasm::CHECK,
    &not_audited::CHECK,
    &notice::CHECK,
    &proc_macro_new::CHECK,
    &publisher_not_enough::CHECK,
    &pubtime_unknown::CHECK,
    &registry_changed::CHECK,
    &review_of_other_bytes::CHECK,
    &run_ci_gate::CHECK,
    &run_credentials_and_net::CHECK,
    &run_download_and_exec::CHECK,
    &run_exfil_host::CHECK,
    &run_net_and_env_dump::CHECK,
    &run_secret_regex_and_net::CHECK,
    &size_jump::CHECK,
    &source::CHECK,
    &source_encoded_blob::CHECK,
    &source_long_line::CHECK,
    &source_not_utf8::CHECK,
    &target_outside::CHECK,
    &unicode_bidi::CHECK,
    &unicode_invisible_run::CHECK,
    &unicode_mixed_script::CHECK,
    &unmaintained::CHECK,
    &unsound::CHECK,
    &vcs_dirty::CHECK,
    &vcs_missing::CHECK,
    &version_jump::CHECK,
    &version_too_new::CHECK,
    &version_vanished::CHECK,
    &version_yanked::CHECK,
    &vulnerability::CHECK,
    &yank_storm::CHECK,
];

static CATALOGUE: LazyLock<Vec<Known>> = LazyLock::new(|| CHECKS.iter().map(|check| check.known()).collect());

/// What a policy may say about checks.
pub fn catalogue() -> &'static [Known] {
    &CATALOGUE
}

/// The check of an id.
pub fn check(id: &str) -> Option<&'static Check> {
    CHECKS.iter().copied().find(|check| check.id == id)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::finding::Weight;
    use crate::model::{Clock, Evidence};
    use crate::policy::{Firmness, Policy, Template, write_template};
    use crate::vet::{Cooldown, Dossier, Fault, Ground, Names, Needs, Way, judge, waiver};

    #[test]
    fn checks_are_sorted_unique_and_documented() {
        assert!(CHECKS.windows(2).all(|pair| pair[0].id < pair[1].id));
        for check in CHECKS {
            assert!((1..=CHECK_SET).contains(&check.since), "{}", check.id);
            let summary = check.summary();
            assert!(
                !summary.is_empty() && summary.len() <= 100 && !summary.contains('\n'),
                "{}: {summary}",
                check.id
            );
            assert!(check.docs.len() > summary.len() + 30, "{} says why and what to do", check.id);
        }
    }

    #[test]
    fn what_proving_came_upon_is_told_under_its_own_check_and_never_waived() {
        let policy = Policy::parse(b"version = 1\n", Path::new("p"), catalogue()).expect("a policy");
        let id = crate::samples::id("dep");
        let ground = Ground {
            policy: &policy,
            databases: Evidence::Absent,
            audits: Evidence::Absent,
            index_of: &|_| None,
            names: &Names::default(),
            cooldown: &Cooldown::default(),
            now: Clock(0),
            judged_by: Some(1),
        };
        for check in CHECKS.iter().filter(|check| check.needs == Needs::Faults) {
            assert_eq!(check.firmness, Firmness::Firm, "{}", check.id);
            for (remark, weight) in [(false, Weight::Denial), (true, Weight::Note)] {
                let faults = [Fault { check: check.id, what: "x".to_owned(), help: None, remark }];
                let dossier = Dossier { faults: &faults, ..Dossier::new(&id, Way::Kept) };
                let judgment = judge(&dossier, &ground, &[Needs::Faults]);
                let found = judgment.findings.iter().map(|finding| (finding.id, finding.weight));
                assert_eq!(found.collect::<Vec<_>>(), [(check.id, weight)]);
                assert!(judgment.findings.iter().all(|finding| !waiver::may_be_waived(finding)));
            }
        }
    }

    #[test]
    fn the_commented_defaults_of_a_new_policy_are_the_defaults() {
        let text = write_template(&Template::default());
        let settings = text.lines().filter_map(|line| line.strip_prefix("# ")).filter(|line| {
            line.split_once(" = ").is_some_and(|(id, _)| CHECKS.iter().any(|check| check.id == id))
        });
        let settings = settings.collect::<Vec<_>>();
        let text = format!("version = 1\n[checks]\n{}", settings.join("\n"));
        let policy = Policy::parse(text.as_bytes(), Path::new("p"), catalogue()).expect("a policy");
        assert!(settings.len() >= 8, "{settings:?}");
        for check in CHECKS {
            if let Some(at) = policy.level(check.id) {
                // The younger of the two levels that age leads to is the check's own.
                assert_eq!(at.value, check.level, "{}", check.id);
            }
        }
        let days = |id: &str, key: &str| policy.days(id, key).map(|at| at.value);
        assert_eq!(days("version-too-new", "days"), Some(version_too_new::DAYS));
        assert_eq!(days("crate-too-young", "deny-days"), Some(crate_too_young::DENY_DAYS));
        assert_eq!(days("crate-too-young", "review-days"), Some(crate_too_young::REVIEW_DAYS));
    }
}
