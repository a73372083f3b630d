// SPDX-License-Identifier: MIT OR Apache-2.0
//! Bahdanau, Cho and Bengio, *Neural Machine Translation by Jointly Learning to Align and Translate*
//! (2015): the decoder looks back at all words of the source and learns where to look.
