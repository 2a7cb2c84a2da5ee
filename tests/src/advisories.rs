//! Advisory databases made on the spot: git repositories that the sandbox's git finds in the place of the public one.

use std::path::{Path, PathBuf};

use crate::files;
use crate::sandbox::Sandbox;

/// The address of the public database, which a policy names by default.
pub const RUSTSEC: &str = "https://github.com/RustSec/advisory-db";

/// An advisory of a test.
#[derive(Clone, Debug)]
pub struct Advisory {
    id: String,
    package: String,
    date: String,
    keys: String,
    patched: Vec<String>,
    unaffected: Vec<String>,
    title: String,
}

/// A git repository with advisories.
#[derive(Clone, Copy, Debug)]
pub struct AdvisoryDb<'sandbox> {
    sandbox: &'sandbox Sandbox,
}

impl Advisory {
    /// A vulnerability of every version of `package`.
    pub fn new(id: &str, package: &str) -> Self {
        Self {
            id: id.into(),
            package: package.into(),
            date: "2025-01-02".into(),
            keys: String::new(),
            patched: vec![],
            unaffected: vec![],
            title: format!("Something is wrong with {package}"),
        }
    }

    /// Versions that are patched: `>= 1.0.1`.
    pub fn patched(mut self, requirement: &str) -> Self {
        self.patched.push(requirement.into());
        self
    }

    /// Versions that were never affected: `< 1.0.0`.
    pub fn unaffected(mut self, requirement: &str) -> Self {
        self.unaffected.push(requirement.into());
        self
    }

    /// The date, `YYYY-MM-DD`.
    pub fn date(mut self, date: &str) -> Self {
        self.date = date.into();
        self
    }

    /// The title.
    pub fn title(mut self, title: &str) -> Self {
        self.title = title.into();
        self
    }

    /// `unsound`, `unmaintained` or `notice` in place of a vulnerability.
    pub fn informational(self, kind: &str) -> Self {
        self.key(&format!("informational = \"{kind}\""))
    }

    /// Made to do harm.
    pub fn malicious(self) -> Self {
        self.key("categories = [\"malicious\"]")
    }

    /// A line of TOML more in `[advisory]`.
    pub fn key(mut self, line: &str) -> Self {
        self.keys.push_str(line);
        self.keys.push('\n');
        self
    }

    /// Where a database has it.
    pub fn path(&self) -> String {
        format!("crates/{}/{}.md", self.package, self.id)
    }

    /// The file.
    pub fn to_text(&self) -> String {
        let Self { id, package, date, keys, patched, unaffected, title } = self;
        format!(
            "```toml\n[advisory]\nid = \"{id}\"\npackage = \"{package}\"\ndate = \"{date}\"\n{keys}\n[versions]\n\
             patched = {patched:?}\nunaffected = {unaffected:?}\n```\n\n# {title}\n\nThis was made up for a test.\n"
        )
    }
}

impl<'sandbox> AdvisoryDb<'sandbox> {
    /// A repository of the sandbox's own, reached by [`RUSTSEC`] from now on; it begins with the one advisory that every
    /// sandbox knows.
    pub fn new(sandbox: &'sandbox Sandbox) -> Self {
        let db = Self { sandbox };
        std::fs::create_dir_all(db.path("")).expect("a directory for advisories");
        db.git(&["init", "--quiet"]);
        db.publish(&[first()]);
        reach(&sandbox.home(), &db.path(""));
        db
    }

    /// Publishes advisories.
    #[track_caller]
    pub fn publish(self, advisories: &[Advisory]) -> Self {
        for advisory in advisories {
            files::write(&self.path(&advisory.path()), advisory.to_text());
        }
        self.commit()
    }

    /// Publishes any file.
    #[track_caller]
    pub fn publish_file(self, path: &str, content: impl AsRef<[u8]>) -> Self {
        files::write(&self.path(path), content);
        self.commit()
    }

    /// Removes a file or a folder.
    #[track_caller]
    pub fn remove(self, path: &str) -> Self {
        files::remove(&self.path(path));
        self.commit()
    }

    /// Commits what lies there.
    #[track_caller]
    pub fn commit(self) -> Self {
        self.git(&["add", "--all", "--force"]);
        self.git(&["commit", "--quiet", "--allow-empty", "--message", "advisories"]);
        self
    }

    /// A path below the work tree.
    pub fn path(self, relative: &str) -> PathBuf {
        self.sandbox.root().join("tmp/advisory-db").join(relative)
    }

    #[track_caller]
    fn git(self, arguments: &[&str]) {
        self.sandbox.git(&self.path("")).args(arguments).ok();
    }
}

/// The advisory that every sandbox's database has: about a package that no test uses.
pub fn first() -> Advisory {
    Advisory::new("RUSTSEC-2025-0001", "nobody-uses-this")
}

/// Has the git of the home directory fetch the public database from `repository`.
pub(crate) fn reach(home: &Path, repository: &Path) {
    let configuration = home.join(".gitconfig");
    let text = files::read(&configuration);
    let lines = text.lines().filter(|line| !line.contains("advisory-db"));
    let text = lines.map(|line| format!("{line}\n")).collect::<String>();
    let repository = repository.display().to_string();
    let repository = repository.trim_end_matches('/');
    files::write(&configuration, format!("{text}[url \"{repository}\"] insteadOf = {RUSTSEC}\n"));
}
