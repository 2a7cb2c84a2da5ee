//! The flags that every command has. They keep the meaning that cargo gives them.

use std::path::PathBuf;

use clap::{ArgAction, Args, ValueEnum};

/// Flags that may stand before or after the command's name.
#[derive(Args, Clone, Debug, Default)]
pub struct Global {
    /// Form of the report
    #[arg(long, global = true, display_order = 100, value_name = "FMT", value_enum)]
    pub message_format: Option<MessageFormat>,

    /// Use verbose output (-vv also shows how long each phase took)
    #[arg(short, long, global = true, display_order = 101, action = ArgAction::Count, conflicts_with = "quiet")]
    pub verbose: u8,

    /// Do not print status lines and warnings
    #[arg(short, long, global = true, display_order = 102)]
    pub quiet: bool,

    /// Coloring
    #[arg(long, global = true, display_order = 103, value_name = "WHEN", value_enum)]
    pub color: Option<ColorWhen>,

    /// Path to Cargo.toml
    #[arg(long, global = true, value_name = "PATH", help_heading = "Manifest Options")]
    pub manifest_path: Option<PathBuf>,

    /// Assert that `Cargo.lock` will remain unchanged
    #[arg(long, global = true, help_heading = "Manifest Options")]
    pub locked: bool,

    /// Run without accessing the network
    #[arg(long, global = true, help_heading = "Manifest Options")]
    pub offline: bool,

    /// Equivalent to specifying both --locked and --offline
    #[arg(long, global = true, help_heading = "Manifest Options")]
    pub frozen: bool,
}

/// When to color; cargo's words, which need no more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
#[expect(missing_docs, reason = "what is documented here is repeated on every help page")]
pub enum ColorWhen {
    Auto,
    Always,
    Never,
}

/// In which form the report comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum MessageFormat {
    /// For people, on standard error
    Human,
    /// One line per finding, on standard error
    Short,
    /// One JSON object per line, on standard output
    Json,
    /// SARIF 2.1.0 for code scanning, on standard output
    Sarif,
    /// Annotations of GitHub Actions, on standard output
    Github,
    /// JUnit's XML, on standard output
    Junit,
    /// A summary in Markdown, on standard output
    Markdown,
}

impl Global {
    /// Whether `Cargo.lock` must stay as it is.
    pub fn is_locked(&self) -> bool {
        self.locked || self.frozen
    }
}
