//! What `init --ci` writes: a pipeline that runs the gate, and one that pins what bots bring in. Text with two places to fill.

/// Whose pipelines are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Forge {
    /// Workflows of GitHub Actions, which are read from the repository's root alone.
    Github,
    /// Files that `.gitlab-ci.yml` includes.
    Gitlab,
}

/// A file for a forge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CiFile {
    /// The path relative to the folder that it is for, `/`-separated.
    pub path: &'static str,
    /// Its text.
    pub text: String,
}

impl Forge {
    /// The word on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Github => "github",
            Self::Gitlab => "gitlab",
        }
    }

    /// The files, for a workspace in this folder of its repository: `.` or a relative path. `None` for a path that does not
    /// stand for itself in YAML, in an expression and in a shell.
    pub fn files(self, workspace: &str, version: &str) -> Option<Vec<CiFile>> {
        let plain = |c: char| c.is_alphanumeric() || matches!(c, '.' | '_' | '/' | '-' | '+' | '@' | ' ');
        if !workspace.chars().all(plain) || workspace.starts_with('-') {
            return None;
        }
        let folder = if workspace == "." { String::new() } else { format!("{workspace}/") };
        let file = |(path, text): (&'static str, &str)| CiFile {
            path,
            text: text
                .replace("@SOURCE@", env!("CARGO_PKG_REPOSITORY"))
                .replace("@VERSION@", version)
                .replace("@WORKSPACE@", workspace)
                .replace("@FILE@", &format!("{folder}{path}")),
        };
        let files = match self {
            Self::Github => [
                (".github/workflows/provenance.yml", include_str!("ci/github.yml")),
                (".github/workflows/provenance-bots.yml", include_str!("ci/github-bots.yml")),
            ],
            Self::Gitlab => [
                (".gitlab/provenance.yml", include_str!("ci/gitlab.yml")),
                (".gitlab/provenance-bots.yml", include_str!("ci/gitlab-bots.yml")),
            ],
        };
        Some(files.map(file).into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(workspace: &str) -> Vec<CiFile> {
        let files =
            [Forge::Github, Forge::Gitlab].map(|forge| forge.files(workspace, "1.2.3").expect("plain"));
        files.concat()
    }

    #[test]
    fn the_tool_is_installed_and_called_outside_of_the_checkout() {
        for file in texts("rust/app") {
            let text = &file.text;
            assert!(
                !text.contains("@SOURCE@")
                    && !text.contains("@VERSION@")
                    && !text.contains("@WORKSPACE@")
                    && !text.contains("@FILE@"),
                "{text}"
            );
            assert!(text.contains("PROVENANCE_VERSION: \"1.2.3\"") && text.contains("RUSTUP_TOOLCHAIN"));
            assert!(text.contains("PROVENANCE_WORKSPACE: \"rust/app\""), "{text}");
            let install =
                "cargo install --locked --git \"$PROVENANCE_SOURCE\" --tag \"v$PROVENANCE_VERSION\"";
            assert!(text.contains(install), "{text}");
            for line in text.lines().filter(|line| !line.trim_start().starts_with('#')) {
                // By cargo, an alias could take its place; by `PATH`, a program of the checkout.
                assert!(!line.contains("cargo provenance"), "{line}");
                let called = line.split("cargo-provenance").next().unwrap_or_default();
                let is_install =
                    line.trim_start().starts_with("--root ") && line.ends_with(" cargo-provenance");
                let installed = is_install || line.contains("PROVENANCE_SOURCE: \"https://");
                assert!(
                    !line.contains("cargo-provenance") || installed || called.ends_with("/provenance/bin/"),
                    "{line}"
                );
                assert!(!line.contains("pull_request_target"), "{line}");
            }
        }
    }

    #[test]
    fn what_an_event_says_is_never_part_of_a_script() {
        for file in texts(".").iter().filter(|file| file.path.starts_with(".github")) {
            for line in file.text.lines().filter(|line| line.contains("${{")) {
                let key = line.trim_start().trim_start_matches("- ").split(':').next().unwrap_or_default();
                let fine = ["if", "working-directory", "path", "ref", "sarif_file", "group", "changed"];
                assert!(fine.contains(&key) || key.starts_with("PROVENANCE_"), "{line}");
            }
        }
    }

    #[test]
    fn a_path_that_could_be_more_than_a_path_is_refused() {
        for bad in ["${{ x }}", "a\"b", "a\nb", "a$b", "a`b`", "a'b", "-x", "a\\b", "a;b", "a#b"] {
            assert_eq!(Forge::Github.files(bad, "1"), None, "{bad}");
        }
        assert!(Forge::Gitlab.files("größe/a b", "1").is_some());
    }
}
