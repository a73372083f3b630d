// SPDX-License-Identifier: MIT OR Apache-2.0
//! Chung, Gulcehre, Cho and Bengio, *Gated Feedback Recurrent Neural Networks* (2015): each layer of a stack
//! reads the states of all layers before the step, through gates.

// The model.
pub mod model;
pub mod reference;
