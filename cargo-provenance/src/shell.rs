//! The one owner of standard output, standard error and their colors. Nothing else prints.
//!
//! Standard output carries what is piped on; everything for people goes to standard error. Text comes styled with ANSI
//! escape codes, which are stripped here where they are not wanted.

mod pager;

use std::io::{self, BufRead, Read as _, Write};
use std::sync::{Mutex, PoisonError};

use anstream::AutoStream;
use anstream::adapter::strip_bytes;

pub use self::pager::Pager;

use crate::render::{self, Rendered};

/// Bytes of a line that is typed: what a terminal passes on at once.
const ANSWER_BYTES: u64 = 4096;

/// The two streams.
pub struct Shell {
    out: Mutex<Box<dyn Write + Send>>,
    err: Mutex<Box<dyn Write + Send>>,
    /// Whether a pager gets escape codes, because standard output would.
    paged: Color,
}

/// Which streams are colored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Colors {
    /// Standard output.
    pub out: Color,
    /// Standard error.
    pub err: Color,
}

/// Whether a stream is colored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Color {
    /// With escape codes.
    On,
    /// Plain text.
    Off,
}

impl Shell {
    /// The process's own streams.
    #[expect(clippy::disallowed_methods, reason = "the one owner of the streams")]
    pub fn new(colors: Colors) -> Self {
        let streams = Self::of(
            match colors.out {
                Color::On => Box::new(AutoStream::always(io::stdout())),
                Color::Off => Box::new(Plain(io::stdout())),
            },
            match colors.err {
                Color::On => Box::new(AutoStream::always(io::stderr())),
                Color::Off => Box::new(Plain(io::stderr())),
            },
        );
        Self { paged: colors.out, ..streams }
    }

    /// Other streams.
    pub fn of(out: Box<dyn Write + Send>, err: Box<dyn Write + Send>) -> Self {
        Self { out: Mutex::new(out), err: Mutex::new(err), paged: Color::Off }
    }

    /// Writes to standard output. A reader that went away, as `head` does, has what it wanted and is no error.
    ///
    /// # Errors
    ///
    /// What the operating system says, for instance that the disk is full: a result that did not arrive is not a result.
    pub fn out(&self, text: &str) -> io::Result<()> {
        let mut out = self.out.lock().unwrap_or_else(PoisonError::into_inner);
        match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
            result => result,
        }
    }

    /// Writes to standard error. Where that fails there is nobody left to tell; the exit code still speaks.
    pub fn err(&self, text: &str) {
        let mut err = self.err.lock().unwrap_or_else(PoisonError::into_inner);
        let _ = err.write_all(text.as_bytes()).and_then(|()| err.flush());
    }

    /// Prints a status line: a verb of at most 12 characters and what it is about.
    pub fn status(&self, verb: &str, message: &str) {
        self.err(&render::status(verb, message));
    }

    /// Asks on standard error and reads a line of standard input, without its end. `None` where it ends, cannot be read, is no
    /// text, or is longer than anybody types.
    #[expect(clippy::disallowed_methods, reason = "the one owner of the streams")]
    pub fn ask(&self, prompt: &str) -> Option<String> {
        self.err(prompt);
        let answer = read_answer(io::stdin().lock());
        if answer.is_none() {
            // The cursor stands behind the prompt.
            self.err("\n");
        }
        answer
    }

    /// Prints what was rendered, the conclusion last. A pager that cannot be started is done without.
    ///
    /// # Errors
    ///
    /// Those of [`Shell::out`]; the conclusion is printed nevertheless.
    pub fn print(&self, rendered: &Rendered, pager: Option<&Pager>) -> io::Result<()> {
        self.err(&rendered.before);
        let text = rendered.output.as_str();
        let is_seen = !text.is_empty()
            && pager.is_some_and(|pager| match self.paged {
                Color::On => pager.show(text.as_bytes()),
                Color::Off => pager.show(&strip_bytes(text.as_bytes()).into_vec()),
            });
        let result = if text.is_empty() || is_seen { Ok(()) } else { self.out(text) };
        self.err(&rendered.after);
        result
    }
}

/// A line that was typed.
fn read_answer(from: impl BufRead) -> Option<String> {
    let mut line = String::new();
    let mut from = from.take(ANSWER_BYTES);
    from.read_line(&mut line).ok()?;
    let line = line.strip_suffix('\n')?;
    Some(line.strip_suffix('\r').unwrap_or(line).to_owned())
}

/// What another program says on standard input, to its end.
///
/// # Errors
///
/// What the operating system says, and more than `most` bytes.
#[expect(clippy::disallowed_methods, reason = "the one owner of the streams")]
pub fn input(most: u64) -> io::Result<Vec<u8>> {
    let mut bytes = vec![];
    io::stdin().lock().take(most + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > most {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "it is longer than what is read"));
    }
    Ok(bytes)
}

/// Asks for a passphrase on the terminal, whatever standard input is, and does not show it.
///
/// # Errors
///
/// What the operating system says, for instance that there is no terminal.
pub fn passphrase(prompt: &str) -> io::Result<String> {
    rpassword::prompt_password(prompt)
}

/// Leaves the escape codes out. The whole text goes on in one piece: standard error is not buffered, and ten thousand
/// findings are half a million pieces between escape codes.
struct Plain<W>(W);

impl<W: Write> Write for Plain<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write_all(&strip_bytes(bytes).into_vec())?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    struct Pipe(io::ErrorKind);

    impl Write for Pipe {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(self.0.into())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[derive(Clone, Default)]
    struct Memory(Arc<Mutex<Vec<u8>>>);

    impl Write for Memory {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().expect("not poisoned").write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_closed_pipe_is_quiet_and_a_full_disk_is_not() {
        let shell = |kind| Shell::of(Box::new(Pipe(kind)), Box::new(io::sink()));
        assert!(shell(io::ErrorKind::BrokenPipe).out("x").is_ok());
        assert!(shell(io::ErrorKind::StorageFull).out("x").is_err());
    }

    #[test]
    fn plain_text_arrives_in_one_piece_without_escape_codes() {
        let memory = Memory::default();
        let mut plain = Plain(memory.clone());
        assert_eq!(plain.write(b"\x1b[1ma\x1b[0m b\n").expect("memory"), 12);
        assert_eq!(*memory.0.lock().expect("not poisoned"), b"a b\n");
    }

    #[test]
    fn an_answer_is_a_whole_line() {
        let long = format!("{}\n", "x".repeat(ANSWER_BYTES as usize));
        for (typed, answer) in [
            ("we know them\nmore\n", Some("we know them")),
            ("yes\r\n", Some("yes")),
            ("\n", Some("")),
            // What was not sent off is no answer.
            ("half a line", None),
            ("", None),
            (long.as_str(), None),
        ] {
            assert_eq!(read_answer(typed.as_bytes()).as_deref(), answer);
        }
        assert_eq!(read_answer(&b"\xff\n"[..]), None);
    }

    #[test]
    fn what_no_pager_shows_is_printed() {
        let memory = Memory::default();
        let shell = Shell::of(Box::new(memory.clone()), Box::new(io::sink()));
        let rendered = Rendered { output: "text".into(), ..Rendered::default() };
        shell.print(&rendered, Pager::parse("/no/such/pager").as_ref()).expect("memory");
        assert_eq!(*memory.0.lock().expect("not poisoned"), b"text");
    }

    #[test]
    fn the_conclusion_comes_last_even_where_the_output_failed() {
        let memory = Memory::default();
        let shell = Shell::of(Box::new(Pipe(io::ErrorKind::StorageFull)), Box::new(memory.clone()));
        let rendered = Rendered { before: "a".into(), output: "b".into(), after: "c".into() };
        assert!(shell.print(&rendered, None).is_err());
        assert_eq!(*memory.0.lock().expect("not poisoned"), b"ac");
    }
}
