// SPDX-License-Identifier: MIT OR Apache-2.0
//! Buffers that a layer's runs hand to one another.
use std::sync::{Arc, Mutex};

/// Buffers that no run has at the moment.
#[derive(Debug)]
pub(crate) struct Pool<B>(Arc<Mutex<Vec<B>>>);

impl<B> Default for Pool<B> {
    fn default() -> Self {
        Pool(Arc::default())
    }
}

impl<B> Clone for Pool<B> {
    fn clone(&self) -> Self {
        Pool(self.0.clone())
    }
}

impl<B: Default> Pool<B> {
    pub fn take(&self) -> B {
        let free = self.0.lock().ok().and_then(|mut all| all.pop());
        free.unwrap_or_default()
    }

    pub fn give(&self, buffers: B) {
        if let Ok(mut all) = self.0.lock() {
            all.push(buffers);
        }
    }
}
