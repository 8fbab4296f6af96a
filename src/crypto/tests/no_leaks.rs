//! Does not compile when a secret becomes printable, copyable, comparable or serialisable.
//!
//! The trick: when `$secret` has the trait, `some` is found in two implementations, and the compiler refuses to choose.

use std::fmt::{Debug, Display};

use serde::Serialize;

use crate::crypto::{
    canon::Name,
    keyring::{Extension, Generation, Keyring},
    keys::{RecordKeys, VaultKeys},
    record::{Envelope, Opened},
    secret::{Key, KeyFile, Password, RecoveryCode},
    session::Session,
    set::{Head, SetHash},
    token::{CsrfKey, Token},
    unlock::{Stretched, Unlocker},
    witness::Witness,
};

macro_rules! lacks {
    ($($bound:path),+ : $secret:ty) => {
        $(const _: fn() = || {
            trait Ambiguous<Which> {
                fn some() {}
            }
            struct HasIt;
            impl<T: ?Sized> Ambiguous<()> for T {}
            impl<T: ?Sized + $bound> Ambiguous<HasIt> for T {}
            let _ = <$secret as Ambiguous<_>>::some;
        };)+
    };
}

macro_rules! secrets {
    ($($secret:ty),+ $(,)?) => {
        $(lacks!(Clone, Copy, Debug, Display, PartialEq, Serialize: $secret);)+
    };
}

// proves: SR-54 (the tests do not compile otherwise)
secrets!(
    CsrfKey,
    Generation,
    Key,
    KeyFile,
    Keyring,
    Name,
    Opened,
    Password,
    RecordKeys,
    RecoveryCode,
    Session,
    Stretched,
    Token,
    Unlocker,
    VaultKeys,
    Witness,
);

// These are copied on purpose, but never shown.
lacks!(Debug, Display, PartialEq, Serialize: SetHash);
lacks!(Debug, Display, PartialEq, Serialize: Head);
lacks!(Debug, Display, Serialize: Extension);
lacks!(Debug, Display, PartialEq, Serialize: Envelope<'static>);
