//! Enums that new values do not break.

/// Declares an enum of known words that keeps any other word as `Unknown`.
///
/// Deserialising never fails: whatever is not a word (proto JSON may send an enum's number) is kept
/// as its JSON text.
macro_rules! open_enum {
    ($(#[$meta:meta])* pub enum $name:ident { $($(#[$variant_meta:meta])* $variant:ident = $word:literal,)+ }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash)]
        pub enum $name {
            $($(#[$variant_meta])* $variant,)+
            /// A value that was not known when this was written.
            Unknown(String),
        }

        impl $name {
            /// The word on the wire.
            #[must_use]
            pub fn as_str(&self) -> &str {
                match self {
                    $(Self::$variant => $word,)+
                    Self::Unknown(word) => word,
                }
            }
        }

        impl From<String> for $name {
            fn from(word: String) -> Self {
                match word.as_str() {
                    $($word => Self::$variant,)+
                    _ => Self::Unknown(word),
                }
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                Ok(match serde_json::Value::deserialize(deserializer)? {
                    serde_json::Value::String(word) => Self::from(word),
                    other => Self::Unknown(other.to_string()),
                })
            }
        }
    };
}

pub(crate) use open_enum;

#[cfg(test)]
mod tests {
    #![allow(unreachable_pub)]

    open_enum! {
        /// A traffic light.
        pub enum Light {
            /// Stop.
            Red = "RED",
            /// Go.
            Green = "GREEN",
        }
    }

    fn read(json: &str) -> Light {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn known_words_are_variants() {
        assert_eq!(read(r#""RED""#), Light::Red);
        assert_eq!(serde_json::to_string(&Light::Green).unwrap(), r#""GREEN""#);
    }

    #[test]
    fn unknown_words_survive_the_round_trip() {
        let violet = read(r#""ULTRA_VIOLET""#);
        assert_eq!(violet, Light::Unknown("ULTRA_VIOLET".to_owned()));
        assert_eq!(serde_json::to_string(&violet).unwrap(), r#""ULTRA_VIOLET""#);
    }

    #[test]
    fn numbers_do_not_break_parsing() {
        assert_eq!(read("7"), Light::Unknown("7".to_owned()));
    }
}
