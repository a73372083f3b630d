// SPDX-License-Identifier: MIT OR Apache-2.0
//! Weights in files: read back to the bit, and refused by name when they are not the model's.
use dfdx::prelude::*;
use std::path::Path;
use tape::readout::Readout;
use tape::train::parameters::for_each;
use tape::train::weights::{from_bytes, load, save, to_bytes};
use tape::train::{Parameters, Scalar};

type Model<E> = [Readout<Const<2>, Const<3>, Const<4>, E>; 2];

fn model<E: Scalar>(first: f64) -> Model<E> {
    let device = Cpu::default();
    let mut model = [(); 2].map(|()| Readout {
        inputs: Const,
        units: device.zeros(),
        bias: Some(device.zeros()),
        skip: None,
    });
    let mut next = first;
    for_each(&mut model, |_, parameter| {
        let values: Vec<E> = (0..parameter.count())
            .map(|_| {
                next = -next * 1.01;
                E::nearest(next)
            })
            .collect();
        parameter.copy_from(&values);
    });
    model
}

/// All values, as bits of `f64`.
fn bits<E: Scalar>(model: &mut dyn Parameters<E>) -> Vec<u64> {
    let mut all = Vec::new();
    for_each(model, |_, parameter| {
        let mut values = vec![E::default(); parameter.count()];
        parameter.copy_into(&mut values);
        all.extend(values.into_iter().map(|v| v.wide().to_bits()));
    });
    all
}

#[test]
fn weights_come_back_to_the_bit() {
    fn check<E: Scalar>() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("weights.safetensors");
        let mut saved = model::<E>(0.1);
        saved[1].units = Cpu::default().tensor_from_vec(
            [f64::NAN, f64::INFINITY, -0.0, 1e-310]
                .repeat(3)
                .into_iter()
                .map(E::nearest)
                .collect(),
            Default::default(),
        );
        save(&mut saved, &file).unwrap();
        let mut loaded = model::<E>(7.0);
        load(&mut loaded, &file).unwrap();
        assert_eq!(bits(&mut saved), bits(&mut loaded));
        let left: Vec<_> = std::fs::read_dir(folder.path()).unwrap().collect();
        assert_eq!(left.len(), 1, "something is left beside the file");
    }
    check::<f32>();
    check::<f64>();
}

#[test]
fn the_same_weights_make_the_same_bytes() {
    assert_eq!(
        to_bytes(&mut model::<f32>(0.1)),
        to_bytes(&mut model::<f32>(0.1))
    );
}

/// As PyTorch's safetensors writes them: no note of ours, names in another order.
#[test]
fn a_file_of_another_program_is_read() {
    let header = r#"{"bias":{"dtype":"F32","shape":[1],"data_offsets":[8,12]},"units":{"dtype":"F32","shape":[2,1],"data_offsets":[0,8]},"__metadata__":{"format":"pt"}}"#;
    let padded = format!("{header:<0$}", header.len().next_multiple_of(8));
    let mut bytes = (padded.len() as u64).to_le_bytes().to_vec();
    bytes.extend(padded.as_bytes());
    for value in [1.5f32, -2.0, 0.25] {
        bytes.extend(value.to_le_bytes());
    }
    let device = Cpu::default();
    let mut readout: Readout<Const<1>, Const<2>, Const<1>, f32> = Readout {
        inputs: Const,
        units: device.zeros(),
        bias: Some(device.zeros()),
        skip: None,
    };
    from_bytes(&mut readout, &bytes, Path::new("other.safetensors")).unwrap();
    assert_eq!(readout.units.as_vec(), [1.5, -2.0]);
    assert_eq!(readout.bias.unwrap().as_vec(), [0.25]);
}

/// What the message must say, and that the model is as it was.
fn refused<E: Scalar>(model: &mut dyn Parameters<E>, bytes: &[u8], words: &[&str]) {
    let before = bits(model);
    let error = from_bytes(model, bytes, Path::new("some/weights.safetensors"))
        .expect_err("the file was taken")
        .to_string();
    assert_eq!(error.lines().count(), 1, "{error}");
    assert!(error.starts_with("some/weights.safetensors: "), "{error}");
    for word in words {
        assert!(error.contains(word), "no {word:?} in: {error}");
    }
    assert_eq!(bits(model), before, "a refused file changed the model");
}

#[test]
fn every_cut_and_every_flipped_bit_is_refused() {
    let bytes = to_bytes(&mut model::<f32>(0.1));
    let mut target = model::<f32>(7.0);
    for cut in 0..bytes.len() {
        refused(&mut target, &bytes[..cut], &["damaged"]);
    }
    let mut longer = bytes.clone();
    longer.push(0);
    refused(&mut target, &longer, &["damaged"]);
    for place in 0..bytes.len() {
        for bit in 0..8 {
            let mut flipped = bytes.clone();
            flipped[place] ^= 1 << bit;
            let taken = from_bytes(&mut target, &flipped, Path::new("w"));
            if let Err(error) = taken {
                assert_eq!(error.to_string().lines().count(), 1, "{error}");
            } else {
                // Case and layout of the header are free where they say the same.
                assert_eq!(to_bytes(&mut target), bytes, "byte {place}, bit {bit}");
            }
        }
    }
    for foreign in [&b""[..], b"{}", b"unrolled state 1", &[0; 64], &[255; 64]] {
        refused(&mut target, foreign, &["no safetensors file"]);
    }
}

#[test]
fn a_file_of_another_model_is_refused_with_tensor_and_expectation() {
    let bytes = to_bytes(&mut model::<f32>(0.1));
    let device = Cpu::default();
    refused(
        &mut model::<f64>(7.0),
        &bytes,
        &["tensor 0.bias", "expected F64 of shape [4], found F32"],
    );
    let [a, b] = model::<f32>(7.0);
    refused(
        &mut vec![a.clone(), b.clone(), a.clone()],
        &bytes,
        &["tensor 2.units", "expected F32 of shape [3, 4], found none"],
    );
    refused(
        &mut vec![a.clone()],
        &bytes,
        &[
            "tensor 1.bias",
            "no such parameter",
            "found F32 of shape [4]",
        ],
    );
    let turned = || Readout::<Const<2>, Const<4>, Const<3>, f32> {
        inputs: Const,
        units: device.zeros(),
        bias: Some(device.zeros()),
        skip: None,
    };
    refused(
        &mut [turned(), turned()],
        &bytes,
        &[
            "tensor 0.units",
            "expected F32 of shape [4, 3], found F32 of shape [3, 4]",
        ],
    );
}

/// Names come from the file and may hold anything.
#[test]
fn a_message_is_one_line_whatever_the_file_holds() {
    let file = |header: &str| {
        let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
        bytes.extend(header.as_bytes());
        bytes.extend([0; 4]);
        bytes
    };
    let mut none: Vec<Readout<Const<2>, Const<3>, Const<4>, f32>> = Vec::new();
    let offset = r#"{"a\nb":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}"#;
    refused(&mut none, &file(offset), &["damaged", "a b"]);
    let name = r#"{"a\nb":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#;
    refused(
        &mut none,
        &file(name),
        &["tensor a\\nb", "no such parameter"],
    );
}

#[test]
fn a_file_that_is_not_there_is_named() {
    let error = load(&mut model::<f32>(0.1), Path::new("nowhere/w.safetensors"))
        .unwrap_err()
        .to_string();
    assert!(error.starts_with("nowhere/w.safetensors: "), "{error}");
    let error = save(&mut model::<f32>(0.1), Path::new("nowhere/w.safetensors"))
        .unwrap_err()
        .to_string();
    assert!(error.starts_with("nowhere/w.safetensors: "), "{error}");
    // A folder of that name is in the way: nothing is left beside it.
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("w.safetensors");
    std::fs::create_dir(&file).unwrap();
    save(&mut model::<f32>(0.1), &file).unwrap_err();
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
}
