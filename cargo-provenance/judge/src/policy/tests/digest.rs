//! What makes a difference to the digest of a policy, which the kernel computes, and what does not.

use std::path::Path;

use proptest::prelude::*;

use crate::policy::Policy;
use crate::policy::catalogue::SAMPLES;

fn digest(text: &str) -> provenance_build::Checksum {
    Policy::parse(text.as_bytes(), Path::new("Provenance.toml"), SAMPLES).expect(text).digest()
}

#[test]
fn spelling_makes_no_difference() {
    let plain = digest(
        "version = 1\nown = [\"../a\", \"../b\"]\n[checks]\nversion-too-new = { level = \"deny\", days = 9 }\n",
    );
    for same in [
        "version = 1 # one\nown = ['../b', '../a', '../a']\nchecks.version-too-new.days = 0x9\nchecks.version-too-new.level = 'deny'\n",
        "\"version\" = 1\r\nown = [\r\n \"../\\u0061\", # a\r\n \"../b\" ]\r\n[sources]\r\n[checks.version-too-new]\r\ndays = 9\r\nlevel = \"\"\"deny\"\"\"\r\n",
    ] {
        assert_eq!(digest(same), plain, "{same}");
    }
}

#[test]
fn every_change_of_meaning_changes_the_digest() {
    let texts = [
        "version = 1\n",
        "version = 1\nown = [\"../a\"]\n",
        "version = 1\nown = [\"../a\", \"../b\"]\n",
        "version = 1\nown = [\"../a\\\",\\\"../b\"]\n",
        "version = 1\n[checks]\nversion-yanked = \"deny\"\n",
        "version = 1\n[checks]\nversion-yanked = \"note\"\n",
        "version = 1\n[checks]\nversion-too-new = \"deny\"\n",
        "version = 1\n[checks]\nversion-too-new = { days = 7 }\n",
        "version = 1\n[checks]\nversion-too-new = { days = 8 }\n",
        "version = 1\n[sources]\nregistries = []\n",
        "version = 1\n[sources]\ngit = []\n",
        "version = 1\n[sources]\ngit = [\"https://h/r\"]\n",
        "version = 1\n[sources]\nregistries = [\"crates-io\"]\n",
        "version = 1\n[sources]\nregistries = [{ name = \"crates-io\" }]\n",
        "version = 1\n[sources]\nregistries = [{ name = \"crates-io\", pubtime = \"absent\" }]\n",
        "version = 1\n[licenses]\nallow = [\"MIT\"]\n",
        "version = 1\n[advisories]\ndatabases = []\n",
        "version = 1\n[advisories]\ndatabases = [\"a\"]\n",
        "version = 1\n[advisories]\ndatabases = [{ from = \"a\", max-age = \"any\" }]\n",
        "version = 1\n[advisories]\nmax-age = \"1 day\"\n",
    ];
    for (i, one) in texts.iter().enumerate() {
        for other in &texts[i + 1..] {
            assert_ne!(digest(one), digest(other), "{one} and {other}");
        }
    }
}

/// A policy as lines of independent settings.
fn settings() -> impl Strategy<Value = Vec<String>> {
    let level = prop::sample::select(vec!["deny", "review", "note", "allow"]);
    let check = prop::sample::select(vec!["version-yanked", "pubtime-unknown", "source"]);
    let one = prop_oneof![
        (check, level).prop_map(|(check, level)| format!("checks.{check} = \"{level}\"")),
        (0..400_u32).prop_map(|days| format!("checks.version-too-new.days = {days}")),
        prop::collection::vec("[a-z]{1,6}", 0..4).prop_map(|names| format!(
            "own = {:?}",
            names.iter().map(|n| format!("../{n}")).collect::<Vec<_>>()
        )),
        prop::collection::vec("LicenseRef-[A-Z]{1,5}", 0..4)
            .prop_map(|names| format!("licenses.allow = {names:?}")),
    ];
    prop::collection::vec(one, 0..6).prop_map(|mut lines| {
        lines.sort();
        lines.dedup_by_key(|line| line.split(" = ").next().map(str::to_owned));
        lines
    })
}

proptest! {
    #[test]
    fn order_comments_and_white_space_make_no_difference(
        lines in settings(), seed in any::<u64>(), comment in "[ -~]{0,20}"
    ) {
        let plain = format!("version = 1\n{}\n", lines.join("\n"));
        let mut shuffled = lines.clone();
        let turns = seed as usize % lines.len().max(1);
        shuffled.rotate_left(turns);
        let ending = if seed % 2 == 0 { "\n" } else { "\r\n" };
        let mut noisy = String::new();
        for line in shuffled {
            noisy.push_str(&format!("# {comment}{ending}\t {} # {comment}{ending}{ending}", line.replace(" = ", "  =\t")));
        }
        noisy.push_str(&format!("version=1{ending}"));
        prop_assert_eq!(digest(&plain), digest(&noisy));
    }

    #[test]
    fn one_more_setting_makes_a_difference(lines in settings()) {
        let plain = format!("version = 1\n{}\n", lines.join("\n"));
        let more = format!("{plain}sources.git = [\"https://h/r\"]\n");
        prop_assert_ne!(digest(&plain), digest(&more));
    }
}
