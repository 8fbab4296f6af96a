//! The texts of prompts: files with an environment of their own, embedded, each of which a folder may override.
//!
//! What a person wrote is only ever a value in them and is not read again, so it can add no instruction of the
//! template language. There is no escaping: a prompt is plain text.

use std::{fs, io::ErrorKind, path::Path};

use minijinja::{AutoEscape, Environment, UndefinedBehavior, Value, context, syntax::SyntaxConfig};

/// The templates inside the program: their names and texts. The contexts are those of `samples`.
pub const EMBEDDED: &[(&str, &str)] = &[
    ("rules-small.txt", include_str!("../../../templates/prompts/rules-small.txt")),
    ("rules-large.txt", include_str!("../../../templates/prompts/rules-large.txt")),
    ("memory.txt", include_str!("../../../templates/prompts/memory.txt")),
    ("entry.txt", include_str!("../../../templates/prompts/entry.txt")),
    ("again.txt", include_str!("../../../templates/prompts/again.txt")),
    ("recap.txt", include_str!("../../../templates/prompts/recap.txt")),
    ("trace.txt", include_str!("../../../templates/prompts/trace.txt")),
    ("labels.txt", include_str!("../../../templates/prompts/labels.txt")),
    ("opening.txt", include_str!("../../../templates/prompts/opening.txt")),
    ("answer.txt", include_str!("../../../templates/prompts/answer.txt")),
];

/// The texts of prompts, parsed and tried. Cheap to keep for the life of the program.
pub struct Prompts {
    env: Environment<'static>,
    sources: Vec<(&'static str, String)>,
}

/// Why the texts of a folder cannot be used. Says which file, and what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PromptError {
    /// The folder or a file in it cannot be read.
    #[error("the prompts in {folder} cannot be read: {why}")]
    Unreadable {
        /// The folder.
        folder: String,
        /// The cause.
        why: String,
    },
    /// A file that no prompt is made of.
    #[error("{name} in the folder of prompts is none that the program knows; it knows {known}")]
    Unknown {
        /// Its name.
        name: String,
        /// All names.
        known: String,
    },
    /// A file that does not parse, or names a value that it is not given.
    #[error(
        "the prompt {name} cannot be used: {why} (line {line}); `llamora config prompts` prints the one inside the program"
    )]
    Wrong {
        /// Its name.
        name: String,
        /// What is wrong.
        why: String,
        /// Where.
        line: usize,
    },
    /// A file that leaves out the text it is made for.
    #[error("the prompt {name} leaves out {{{{ {value} }}}}, without which it says nothing")]
    Silent {
        /// Its name.
        name: String,
        /// The value.
        value: &'static str,
    },
}

impl Prompts {
    /// The texts inside the program.
    ///
    /// # Errors
    /// Never, as its tests show.
    pub fn embedded() -> Result<Self, PromptError> {
        Self::load(None)
    }

    /// The texts inside the program, with those of a folder in place of the ones of the same name. Every text is
    /// rendered once, so that a mistake is found at the start and not with the first reply.
    ///
    /// # Errors
    /// See [`PromptError`].
    pub fn load(folder: Option<&Path>) -> Result<Self, PromptError> {
        let sources = sources(folder)?;
        let mut env = environment();
        for (name, source) in &sources {
            env.add_template_owned(*name, source.clone()).map_err(|error| wrong(name, &error))?;
        }
        let prompts = Self { env, sources };
        for (name, value, context) in samples() {
            let said = prompts.render(name, context)?;
            if !said.contains(SAMPLE) {
                return Err(PromptError::Silent { name: name.to_owned(), value });
            }
        }
        Ok(prompts)
    }

    /// Names and texts, as they are used.
    pub fn sources(&self) -> impl Iterator<Item = (&str, &str)> {
        self.sources.iter().map(|(name, source)| (*name, source.as_str()))
    }

    /// Fills one in.
    ///
    /// # Errors
    /// [`PromptError::Wrong`], which tells nothing of the values.
    pub fn render(&self, name: &str, context: Value) -> Result<String, PromptError> {
        let rendered = self.env.get_template(name).and_then(|template| template.render(context));
        Ok(rendered.map_err(|error| wrong(name, &error))?.trim().to_owned())
    }
}

fn sources(folder: Option<&Path>) -> Result<Vec<(&'static str, String)>, PromptError> {
    let mut sources: Vec<(&'static str, String)> =
        EMBEDDED.iter().map(|(name, source)| (*name, (*source).to_owned())).collect();
    let Some(folder) = folder else { return Ok(sources) };
    let unreadable = |why: std::io::Error| PromptError::Unreadable {
        folder: folder.display().to_string(),
        why: match why.kind() {
            ErrorKind::NotFound => "it is not there".to_owned(),
            ErrorKind::InvalidData => "a file in it is not UTF-8 text".to_owned(),
            _ => why.to_string(),
        },
    };
    for file in fs::read_dir(folder).map_err(unreadable)? {
        let path = file.map_err(unreadable)?.path();
        if path.extension().is_none_or(|ending| ending != "txt") {
            continue;
        }
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let Some(known) = sources.iter_mut().find(|(known, _)| *known == name) else {
            let known: Vec<&str> = EMBEDDED.iter().map(|(name, _)| *name).collect();
            return Err(PromptError::Unknown { name, known: known.join(", ") });
        };
        known.1 = fs::read_to_string(&path).map_err(unreadable)?;
    }
    Ok(sources)
}

/// Stands for a value while a text is tried.
const SAMPLE: &str = "3 May 2031";

/// Every text with the value it must not leave out and a context to try it with.
fn samples() -> Vec<(&'static str, &'static str, Value)> {
    let mut samples = vec![("memory.txt", "quoted", context!(size => "small", date => "", quoted => SAMPLE))];
    for size in ["small", "large"] {
        samples.push(("opening.txt", "date", context!(size, date => SAMPLE, most => 3)));
        let part_of_day = (size == "small").then_some("morning");
        samples.push(("entry.txt", "text", context!(size, part_of_day, text => SAMPLE)));
        samples.push(("memory.txt", "quoted", context!(size, date => "", quoted => SAMPLE)));
        for length in ["", "shorter", "longer"] {
            let context = context!(size, has_replies => length.is_empty(), length, wish => SAMPLE);
            samples.push(("again.txt", "wish", context));
        }
    }
    samples.push(("recap.txt", "date", context!(date => SAMPLE, most => 3)));
    samples.push(("trace.txt", "date", context!(date => SAMPLE, most => 3)));
    samples.push(("labels.txt", "date", context!(date => SAMPLE, most => 5)));
    samples.push(("answer.txt", "date", context!(date => SAMPLE, most => 3)));
    samples.push(("rules-small.txt", "date", context!(size => "small", date => SAMPLE)));
    samples.push(("rules-large.txt", "date", context!(size => "large", date => SAMPLE)));
    samples
}

fn environment() -> Environment<'static> {
    let mut env = Environment::new();
    env.set_undefined_behavior(UndefinedBehavior::Strict);
    let syntax = SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build();
    env.set_syntax(syntax.expect("the delimiters are the usual ones"));
    env.set_auto_escape_callback(|_| AutoEscape::None);
    env
}

/// Keeps the place and the kind of an error; its detail may quote values, that is journal text.
fn wrong(name: &str, error: &minijinja::Error) -> PromptError {
    let (why, line) = (error.kind().to_string(), error.line().unwrap_or(0));
    PromptError::Wrong { name: error.name().unwrap_or(name).to_owned(), why, line }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[allow(clippy::unwrap_used, reason = "test")]
    fn with(name: &str, text: &str) -> Result<Prompts, PromptError> {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join(name), text).unwrap();
        std::fs::write(folder.path().join("notes.md"), "not a prompt").unwrap();
        Prompts::load(Some(folder.path()))
    }

    #[test]
    fn a_file_of_the_folder_takes_the_place_of_ours() {
        let prompts = with("memory.txt", "{{ date }}! {{ quoted }}").expect("it can be used");
        let said =
            prompts.render("memory.txt", context!(size => "small", date => "May", quoted => "> {{ x }}"));
        assert_eq!(said.as_deref(), Ok("May! > {{ x }}"), "values are not read as templates");
        assert_eq!(prompts.sources().count(), EMBEDDED.len());
    }

    #[test]
    fn mistakes_are_found_at_the_start_and_named() {
        let why = |name, text| with(name, text).err().map(|error| error.to_string()).unwrap_or_default();
        assert!(
            why("entry.txt", "\n{{ txt }}").contains("entry.txt cannot be used: undefined value (line 2)")
        );
        assert!(why("entry.txt", "{% if %}").contains("entry.txt cannot be used: syntax error"));
        assert!(why("entry.txt", "Hello").contains("leaves out {{ text }}"));
        assert!(why("replys.txt", "").contains("it knows rules-small.txt, rules-large.txt"));
        let missing = Prompts::load(Some(Path::new("/no/such/folder"))).err().map(|error| error.to_string());
        assert!(
            missing.is_some_and(|why| why.contains("/no/such/folder") && why.ends_with("it is not there"))
        );
    }
}
