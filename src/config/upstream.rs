//! Sections `llm.upstream` and `llm.chat`: another program that may answer instead of the model inside.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::config::ConfigError;

/// Section `llm.upstream`.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Upstream {
    /// A server that speaks the protocol of `OpenAI`, such as `http://127.0.0.1:8081`; empty means none.
    pub host: String,
}

/// Section `llm.chat`.
#[derive(Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Chat {
    /// Address that `/chat/completions` follows, such as `https://example.org/v1`; empty means `/v1` of
    /// `llm.upstream.host`.
    pub base_url: String,
    /// Model to ask for; empty means the first one that the server offers.
    pub model: String,
    /// Key that the server asks for; empty means none. Never printed or logged.
    pub api_key: String,
}

impl fmt::Debug for Chat {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Chat").field("base_url", &self.base_url).finish_non_exhaustive()
    }
}

impl Chat {
    pub(super) fn validate(&self) -> Result<(), ConfigError> {
        let is_header = |text: &str| text.bytes().all(|byte| (0x21..=0x7e).contains(&byte));
        if !is_header(&self.api_key) {
            let rule = "a key without blanks and special characters";
            return Err(ConfigError::Range { key: "llm.chat.api_key", rule });
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use crate::config::{Config, Flags};

    #[test]
    fn the_key_is_never_shown() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("config.toml");
        let load = |text: &str| {
            std::fs::write(&file, text).unwrap();
            Config::load(&file, true, &Flags::default())
        };
        let (config, effective) = load("[llm.chat]\napi_key = \"sk-canary\"\n").unwrap();
        assert_eq!(config.llm.chat.api_key, "sk-canary");
        let shown = format!("{effective:?}{config:?}");
        assert!(shown.contains("********") && !shown.contains("canary"), "{shown}");
        let error = load("[llm.chat]\napi_key = \"sk canary\"\n").unwrap_err().to_string();
        assert!(error.contains("llm.chat.api_key") && !error.contains("canary"), "{error}");
        let (_, effective) = load("").unwrap();
        let line = effective.iter().find(|line| line.key == "llm.chat.api_key").unwrap();
        assert_eq!(line.value, "\"\"");
    }
}
