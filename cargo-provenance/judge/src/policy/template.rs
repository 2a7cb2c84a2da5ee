//! The commented `Provenance.toml` that `init` writes.

use std::fmt::Write as _;

use super::RUSTSEC;
use super::takeover::{Sourced, Taken};

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
    /// The part about reviews, where there is something to say of them.
    pub audits: String,
    /// What other tools' files say. Lists of theirs take the place of what was found.
    pub taken: Taken,
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
         # unmaintained = \"note\"\n",
    );
    for (id, line) in &found.taken.checks {
        let _ = writeln!(text, "{id} = {} # {}", line.value, line.origin);
    }
    text.push_str(
        "\n\
         # Where packages may come from. A registry is `crates-io`, a name from the repository's own cargo configuration, or\n\
         # a source as `Cargo.lock` writes it; one whose index has no publication times is\n\
         # { name = \"corp\", pubtime = \"absent\" }.\n\
         [sources]\n",
    );
    from(&mut text, &found.taken.registries);
    list(
        &mut text,
        "registries",
        registries(found).map(|(name, dated)| match dated {
            true => quoted(&name),
            false => format!("{{ name = {}, pubtime = \"absent\" }}", quoted(&name)),
        }),
    );
    from(&mut text, &found.taken.git);
    for prefix in &found.taken.prefixes {
        let _ = writeln!(text, "# {}: what was there below {}", prefix.origin, quoted(&prefix.value));
    }
    list(&mut text, "git", repositories(found).map(|url| quoted(&url)));
    text.push_str(&format!(
        "\n\
         # Databases of known vulnerabilities, as URLs of git repositories or as directories. An older one decides nothing; a\n\
         # directory that rarely changes is {{ from = \"../advisories\", max-age = \"any\" }}. These are the defaults.\n\
         [advisories]\n\
         # databases = [\"{RUSTSEC}\"]\n\
         # max-age = \"14 days\"\n"
    ));
    if let Some(databases) = &found.taken.databases {
        from(&mut text, &found.taken.databases);
        list(&mut text, "databases", databases.value.iter().map(|url| quoted(url)));
    }
    if let Some(age) = &found.taken.max_age {
        from(&mut text, &found.taken.max_age);
        let _ = writeln!(text, "max-age = {}", quoted(&age.value));
    }
    text.push_str(
        "\n\
         # The licenses that packages may have, as SPDX identifiers, each maybe `WITH` an exception. Without this list nothing\n\
         # is judged. Written down here are the common permissive ones, and what the packages need besides that were there,\n\
         # copyleft only where one leaves no choice.\n\
         [licenses]\n",
    );
    let allowed = found.taken.licenses.as_ref().map(|taken| &taken.value);
    match allowed.unwrap_or(&found.licenses) {
        licenses if licenses.is_empty() && allowed.is_none() => {
            text.push_str("# allow = [\"Apache-2.0\", \"MIT\"]\n");
        }
        licenses => {
            from(&mut text, &found.taken.licenses);
            list(&mut text, "allow", licenses.iter().map(|license| quoted(license)));
        }
    }
    text.push_str(
        "\n\
         # Who signs `Provenance.lock` with `cargo provenance sign`, and whether somebody must. `cargo provenance key show`\n\
         # prints the line of a key; `revoked` takes fingerprints with a reason.\n\
         [signing]\n\
         # required = true\n\
         # threshold = 1\n\
         # keys = [\"you@example.org ssh-ed25519 AAAA…\"]\n\
         # revoked = [\"SHA256:… left the team\"]\n\
         \n\
         # Who answers for bills of materials (`cargo provenance sbom`), and since which commit all are signed, by whom\n\
         # (`cargo provenance source`).\n\
         # [sbom]\n\
         # author = \"Example <sbom@example.org>\"\n\
         # [source]\n\
         # signers = \"allowed_signers\"\n\
         # since = \"the last commit that you trust as it is, with all its digits\"\n",
    );
    text.push_str(&found.audits);
    for ban in &found.taken.bans {
        let _ = writeln!(text, "\n# {}\n{}", ban.origin, ban.value.join("\n"));
    }
    text
}

/// The registries of the policy, and whether their indexes have publication times.
fn registries(found: &Template) -> impl Iterator<Item = (String, bool)> {
    let Some(taken) = &found.taken.registries else { return found.registries.clone().into_iter() };
    let dated = |name: &String| found.registries.iter().all(|(other, dated)| other != name || *dated);
    let all = taken.value.iter().map(|name| (name.clone(), dated(name)));
    // What another list lets in by the beginning of its URL is named here.
    let below = found.registries.iter().filter(|(name, _)| {
        let url = name.split_once('+').map_or(name.as_str(), |(_, url)| url);
        found.taken.prefixes.iter().any(|prefix| is_below(url, &prefix.value)) && !taken.value.contains(name)
    });
    all.chain(below.cloned()).collect::<Vec<_>>().into_iter()
}

/// The git repositories of the policy.
fn repositories(found: &Template) -> impl Iterator<Item = String> {
    let taken = &found.taken;
    if taken.git.is_none() && taken.prefixes.is_empty() {
        return found.git.clone().into_iter();
    }
    let below =
        found.git.iter().filter(|url| taken.prefixes.iter().any(|prefix| is_below(url, &prefix.value)));
    let listed = taken.git.iter().flat_map(|git| &git.value);
    listed.chain(below).cloned().collect::<Vec<_>>().into_iter()
}

/// Whether a URL lies below another: `https://h/org` is no beginning of `https://h/organs/x`.
fn is_below(url: &str, prefix: &str) -> bool {
    let rest = url.strip_prefix(prefix.trim_end_matches('/'));
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// The comment that says where a line comes from.
fn from<T>(text: &mut String, sourced: &Option<Sourced<T>>) {
    if let Some(sourced) = sourced {
        let _ = writeln!(text, "# {}", sourced.origin);
    }
}

fn quoted(text: &str) -> String {
    // JSON escapes `DEL` by no word, and TOML forbids it.
    serde_json::Value::from(text).to_string().replace('\u{7f}', "\\u007f")
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
                ..Template::default()
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
