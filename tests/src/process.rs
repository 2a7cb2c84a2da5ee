//! Runs a program in the sandbox and judges what came of it.

use std::ffi::OsStr;
use std::io::Read;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// How long a program may take before the test gives it up. Nothing in the suite takes a tenth of it, unless it hangs.
const PATIENCE: Duration = Duration::from_secs(240);

/// A program that is about to run.
#[derive(Debug)]
pub struct Run {
    command: Command,
}

/// A program that runs. It is killed when this is dropped.
#[derive(Debug)]
pub struct Running {
    child: Child,
    label: String,
    stdout: Option<JoinHandle<Vec<u8>>>,
    stderr: Option<JoinHandle<Vec<u8>>>,
}

/// What came of a program.
#[derive(Clone, Debug)]
pub struct Output {
    label: String,
    status: ExitStatus,
    /// Standard output; what is not UTF-8 is replaced.
    pub stdout: String,
    /// Standard error; what is not UTF-8 is replaced.
    pub stderr: String,
}

impl Run {
    /// A program with nothing in its environment.
    pub fn new(program: &Path, directory: &Path) -> Self {
        let mut command = Command::new(program);
        command.current_dir(directory).env_clear();
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        Self { command }
    }

    /// Adds arguments.
    pub fn args<S: AsRef<OsStr>>(mut self, args: impl IntoIterator<Item = S>) -> Self {
        self.command.args(args);
        self
    }

    /// Sets an environment variable.
    pub fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    /// Unsets an environment variable.
    pub fn env_remove(mut self, name: &str) -> Self {
        self.command.env_remove(name);
        self
    }

    /// Lets it read a file on standard input.
    #[track_caller]
    pub fn input(mut self, file: &Path) -> Self {
        let file = std::fs::File::open(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        self.command.stdin(Stdio::from(file));
        self
    }

    /// Starts it in another directory.
    pub fn directory(mut self, directory: &Path) -> Self {
        self.command.current_dir(directory).env("PWD", directory);
        self
    }

    /// Starts it.
    pub fn start(mut self) -> Running {
        let label = format!("{:?}", self.command);
        let mut child =
            self.command.spawn().unwrap_or_else(|error| panic!("could not start {label}: {error}"));
        let stdout = child.stdout.take().map(drain);
        let stderr = child.stderr.take().map(drain);
        Running { child, label, stdout, stderr }
    }

    /// Runs it to its end.
    pub fn run(self) -> Output {
        self.start().wait()
    }

    /// Runs it and expects success.
    pub fn ok(self) -> Output {
        self.run().code(0)
    }
}

impl Running {
    /// Its process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Waits for its end.
    pub fn wait(mut self) -> Output {
        let started = Instant::now();
        let mut pause = Duration::from_millis(1);
        let status = loop {
            if let Some(status) = self.child.try_wait().expect("a child can be waited for") {
                break status;
            }
            if started.elapsed() > PATIENCE {
                // What it started may hold the pipes open for ever, so that nothing more is read.
                let _ = self.child.kill();
                panic!("{} did not end within {PATIENCE:?}", self.label);
            }
            thread::sleep(pause);
            pause = (pause * 2).min(Duration::from_millis(10));
        };
        self.collect(status)
    }

    /// Kills it (SIGKILL) after a delay, unless it ended before.
    pub fn kill_after(mut self, delay: Duration) -> Output {
        thread::sleep(delay);
        let _ = self.child.kill();
        let status = self.child.wait().expect("a child can be waited for");
        self.collect(status)
    }

    fn collect(&mut self, status: ExitStatus) -> Output {
        let read = |reader: &mut Option<JoinHandle<Vec<u8>>>| {
            let bytes = reader.take().map(|it| it.join().expect("a reader ends")).unwrap_or_default();
            String::from_utf8_lossy(&bytes).into_owned()
        };
        let output = Output {
            label: std::mem::take(&mut self.label),
            status,
            stdout: read(&mut self.stdout),
            stderr: read(&mut self.stderr),
        };
        assert!(!output.stderr.contains("panicked at"), "a panic: {output}");
        output
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Output {
    /// The exit code; `None` where a signal ended it.
    pub fn exit_code(&self) -> Option<i32> {
        self.status.code()
    }

    /// Expects this exit code.
    #[track_caller]
    pub fn code(self, code: i32) -> Self {
        assert!(self.status.code() == Some(code), "exit code {code} expected: {self}");
        self
    }

    /// Expects one of these exit codes.
    #[track_caller]
    pub fn code_in(self, codes: &[i32]) -> Self {
        let fits = self.status.code().is_some_and(|code| codes.contains(&code));
        assert!(fits, "exit code in {codes:?} expected: {self}");
        self
    }

    /// Expects a failure.
    #[track_caller]
    pub fn fails(self) -> Self {
        assert!(!self.status.success(), "failure expected: {self}");
        self
    }

    /// Expects `text` on standard error.
    #[track_caller]
    pub fn stderr_has(self, text: &str) -> Self {
        assert!(self.stderr.contains(text), "`{text}` expected on stderr: {self}");
        self
    }

    /// Expects `text` not to be on standard error.
    #[track_caller]
    pub fn stderr_lacks(self, text: &str) -> Self {
        assert!(!self.stderr.contains(text), "`{text}` not expected on stderr: {self}");
        self
    }

    /// Expects `text` on standard output.
    #[track_caller]
    pub fn stdout_has(self, text: &str) -> Self {
        assert!(self.stdout.contains(text), "`{text}` expected on stdout: {self}");
        self
    }

    /// Expects `text` not to be on standard output.
    #[track_caller]
    pub fn stdout_lacks(self, text: &str) -> Self {
        assert!(!self.stdout.contains(text), "`{text}` not expected on stdout: {self}");
        self
    }
}

impl std::fmt::Display for Output {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "{}\n{}\n--- stdout\n{}\n--- stderr\n{}\n---",
            self.label, self.status, self.stdout, self.stderr
        )
    }
}

fn drain(mut pipe: impl Read + Send + 'static) -> JoinHandle<Vec<u8>> {
    thread::spawn(move || {
        let mut bytes = Vec::new();
        // A pipe that breaks ends the output.
        let _ = pipe.read_to_end(&mut bytes);
        bytes
    })
}
