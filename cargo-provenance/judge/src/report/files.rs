//! Files that differ, as `diff` reports them: what each is, how it differs, and what it could do.

/// The files of a comparison, and how much of them is wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Files {
    /// The files, riskiest first.
    pub list: Vec<FileDiff>,
    /// What is shown of each.
    pub shown: Shown,
}

/// What is shown of a file that differs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Shown {
    /// Its name.
    Names,
    /// Its lines.
    #[default]
    Patch,
    /// The number of its lines.
    Stat,
}

/// One file that differs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileDiff {
    /// The path, relative to the package, `/`-separated.
    pub path: String,
    /// What it could do.
    pub risk: Risk,
    /// How it differs.
    pub change: Change,
    /// What to know before its lines are read, a line each.
    pub notes: Vec<String>,
    /// The file before, unless it is new.
    pub old: Option<Side>,
    /// The file after, unless it is gone.
    pub new: Option<Side>,
    /// Lines that are new.
    pub added: usize,
    /// Lines that are gone.
    pub removed: usize,
    /// The lines.
    pub body: Body,
}

/// What a file could do, the riskiest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Risk {
    /// It is, or lies beside, a build script, which runs while the package is built.
    BuildScript,
    /// It belongs to a procedural macro, which runs while other packages compile.
    ProcMacro,
    /// It is the manifest.
    Manifest,
    /// It has more `unsafe` than before.
    Unsafe,
    /// It is a program, a library, an archive, or can be executed, and is new or changed.
    Binary,
    /// It is another source.
    Source,
    /// It is a test, an example, documentation, or data.
    Other,
    /// Cargo writes it when it packages.
    Generated,
}

/// How a file differs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// It is new.
    Added,
    /// It has other bytes.
    Changed,
    /// It can be executed, or cannot any more; its bytes are the same.
    Mode,
    /// It is gone.
    Removed,
}

/// A file on one side of a comparison.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Side {
    /// What to call it in a patch.
    pub name: String,
    /// Its length.
    pub bytes: usize,
    /// Its SHA-256, in hex.
    pub sha256: String,
    /// What it is by its first bytes: `text`, `ELF program`.
    pub content: &'static str,
    /// Whether it can be executed.
    pub executable: bool,
}

/// What there is to show of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Body {
    /// Its lines, as far as they differ, with those around them.
    Hunks(Vec<Hunk>),
    /// Nothing, and why: a lowercase fragment.
    LeftOut(String),
}

/// Lines that differ, and those around them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hunk {
    /// Where it begins before, counted from 1, and how many lines it has there.
    pub old: (usize, usize),
    /// The same after.
    pub new: (usize, usize),
    /// The lines, each behind ` `, `-` or `+`, or `\` for a remark.
    pub lines: Vec<String>,
}

impl Files {
    /// How many lines are new, and how many are gone.
    pub fn lines(&self) -> (usize, usize) {
        self.list.iter().fold((0, 0), |(added, removed), file| (added + file.added, removed + file.removed))
    }
}

impl Risk {
    /// Its name in kebab case.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::BuildScript => "build-script",
            Self::ProcMacro => "proc-macro",
            Self::Manifest => "manifest",
            Self::Unsafe => "unsafe",
            Self::Binary => "binary",
            Self::Source => "source",
            Self::Other => "other",
            Self::Generated => "generated",
        }
    }

    /// The heading above such files: a word of at most 12 characters, and what it is about.
    pub fn heading(self) -> (&'static str, &'static str) {
        match self {
            Self::BuildScript => ("Build script", "runs while the package is built"),
            Self::ProcMacro => ("Macro", "procedural: runs while other packages compile"),
            Self::Manifest => ("Manifest", "what it depends on and declares"),
            Self::Unsafe => ("Unsafe", "sources with more `unsafe` than before"),
            Self::Binary => ("Binaries", "programs, libraries, archives, what can be executed"),
            Self::Source => ("Sources", "the other ones"),
            Self::Other => ("Others", "tests, examples, documentation, data"),
            Self::Generated => ("Generated", "by cargo when it packages"),
        }
    }
}

impl Change {
    /// Its name in kebab case.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Added => "added",
            Self::Changed => "changed",
            Self::Mode => "mode",
            Self::Removed => "removed",
        }
    }
}
