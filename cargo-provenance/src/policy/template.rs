//! The commented `Provenance.toml` that `init` writes.

use std::fmt::Write as _;

use super::RUSTSEC;

/// The permissive licenses that published packages commonly have. Whoever may use one of them may use them all, but for the
/// duty to name the authors. (What `Unicode-3.0` covers is in almost every graph: `unicode-ident`.)
pub const PERMISSIVE: [&str; 15] = [
    "0BSD",
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSL-1.0",
    "CC0-1.0",
    "CDLA-Permissive-2.0",
    "ISC",
    "MIT",
    "MIT-0",
    "Unicode-3.0",
    "Unicode-DFS-2016",
    "Unlicense",
    "Zlib",
];

/// What `init` found, as far as the policy names it.
#[derive(Clone, Debug, Default)]
pub struct Template {
    /// Patterns for path packages outside the workspace that are the team's own.
    pub own: Vec<String>,
    /// Registries in use (`crates-io`, names or source ids), and whether their indexes have publication times.
    pub registries: Vec<(String, bool)>,
    /// URLs of git repositories in use.
    pub git: Vec<String>,
    /// The single licenses that packages may have.
    pub licenses: Vec<String>,
}

/// Writes the text of a new policy.
pub fn write_template(found: &Template) -> String {
    let mut text = String::from(
        "# What this workspace trusts. Written by people, read by `cargo provenance`; `Provenance.lock` beside it holds\n\
         # the pins that follow from it. After a change here, run `cargo provenance pin`.\n\
         version = 1\n\
         \n\
         # Path packages outside this workspace that are the team's own, relative to this file.\n",
    );
    list(&mut text, "own", found.own.iter().map(|own| quoted(own)));
    text.push_str(
        "\n\
         # What a finding leads to: \"deny\" refuses, \"review\" refuses until a person accepts it, \"note\" is shown,\n\
         # \"allow\" is silent. These are the defaults; change one by removing the `#`.\n\
         [checks]\n\
         # `cargo provenance explain --list` lists them all.\n\
         # version-too-new = { level = \"deny\", days = 7, fixes-advisory = false }\n\
         # crate-too-young = { level = \"review\", deny-days = 30, review-days = 365 }\n\
         # version-yanked = \"review\"\n\
         # pubtime-unknown = \"review\"\n\
         # source = \"deny\"\n\
         # vulnerability = \"deny\"\n\
         # unsound = \"review\"\n\
         # unmaintained = \"note\"\n\
         \n\
         # Where packages may come from. A registry is `crates-io`, a name from the repository's own cargo configuration, or\n\
         # a source as `Cargo.lock` writes it; one whose index has no publication times is\n\
         # { name = \"corp\", pubtime = \"absent\" }.\n\
         [sources]\n",
    );
    list(
        &mut text,
        "registries",
        found.registries.iter().map(|(name, dated)| match dated {
            true => quoted(name),
            false => format!("{{ name = {}, pubtime = \"absent\" }}", quoted(name)),
        }),
    );
    list(&mut text, "git", found.git.iter().map(|url| quoted(url)));
    text.push_str(&format!(
        "\n\
         # Databases of known vulnerabilities, as URLs of git repositories or as directories. An older one decides nothing; a\n\
         # directory that rarely changes is {{ from = \"../advisories\", max-age = \"any\" }}. These are the defaults.\n\
         [advisories]\n\
         # databases = [\"{RUSTSEC}\"]\n\
         # max-age = \"14 days\"\n"
    ));
    text.push_str(
        "\n\
         # The licenses that packages may have, as SPDX identifiers, each maybe `WITH` an exception. Without this list nothing\n\
         # is judged. Written down here are the common permissive ones, and what the packages need besides that were there,\n\
         # copyleft only where one leaves no choice.\n\
         [licenses]\n",
    );
    if found.licenses.is_empty() {
        text.push_str("# allow = [\"Apache-2.0\", \"MIT\"]\n");
    } else {
        list(&mut text, "allow", found.licenses.iter().map(|license| quoted(license)));
    }
    text.push_str(
        "\n\
         # Who signs `Provenance.lock` with `cargo provenance sign`, and whether somebody must. `cargo provenance key show`\n\
         # prints the line of a key; `revoked` takes fingerprints with a reason.\n\
         [signing]\n\
         # required = true\n\
         # threshold = 1\n\
         # keys = [\"you@example.org ssh-ed25519 AAAA…\"]\n\
         # revoked = [\"SHA256:… left the team\"]\n",
    );
    text
}

fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

fn list(text: &mut String, key: &str, entries: impl Iterator<Item = String>) {
    let mut entries = entries.collect::<Vec<_>>();
    entries.sort();
    entries.dedup();
    let line = format!("{key} = [{}]", entries.join(", "));
    if line.len() <= 100 {
        text.push_str(&line);
        text.push('\n');
        return;
    }
    let _ = writeln!(text, "{key} = [");
    for entry in entries {
        let _ = writeln!(text, "    {entry},");
    }
    text.push_str("]\n");
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::policy::Policy;
    use crate::policy::catalogue::SAMPLES;

    #[test]
    fn the_template_is_a_policy() {
        for found in [
            Template::default(),
            Template {
                own: vec!["../libs/a".into()],
                registries: vec![
                    ("crates-io".into(), true),
                    ("sparse+https://registry.example/index/".into(), false),
                ],
                git: vec!["https://git.example/r".into()],
                licenses: (0..40).map(|n| format!("LicenseRef-{n}")).collect(),
            },
        ] {
            let text = write_template(&found);
            let policy =
                Policy::parse(text.as_bytes(), Path::new("Provenance.toml"), SAMPLES).expect("a policy");
            let listed = policy.licenses().map(|at| at.value.len()).unwrap_or_default();
            assert_eq!(listed, found.licenses.len());
            assert_eq!(policy.own().len(), found.own.len());
            assert!(text.lines().all(|line| line.len() <= 120), "{text}");
        }
    }

    #[test]
    fn without_a_package_no_license_is_judged() {
        let text = write_template(&Template::default());
        let read = |text: &str| Policy::parse(text.as_bytes(), Path::new("p"), SAMPLES).expect("a policy");
        assert!(read(&text).licenses().is_none());
        assert!(read(&text.replace("# allow", "allow")).licenses().is_some(), "the commented list is one");
    }

    #[test]
    fn the_commented_databases_are_the_default() {
        let text = write_template(&Template::default());
        let spelled = text.replace("# databases = ", "databases = ").replace("# max-age = ", "max-age = ");
        let read = |text: &str| {
            Policy::parse(text.as_bytes(), Path::new("p"), SAMPLES).expect("a policy").databases()
        };
        let shown = |text: &str| read(text).into_iter().map(|at| at.value).collect::<Vec<_>>();
        assert_eq!(shown(&spelled), shown(&text));
        assert!(read(&spelled)[0].line > 0, "the databases are not in the template");
    }
}
