"""Writes a tiny model of random weights: a folder for transformers, and a file for llama.cpp.

It is run by the Python of ``.venv-servers`` and by no other: the libraries are imported late, because
this file is looked at in other environments too. Nothing is downloaded. A token is a byte, so that
what the model says holds control characters and broken UTF-8 as a matter of course.
"""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from typing import Any

SEED = 20261126
WIDTH, INNER, HEADS, LAYERS, CONTEXT = 64, 128, 4, 2, 512
SPECIAL = ["<s>", "</s>"]
TEMPLATE = (
    "{% for message in messages %}{{ message['role'] + ': ' + message['content'] + '\\n' }}"
    "{% endfor %}{{ 'assistant: ' }}"
)
FOLDER, FILE = "tiny-random", "tiny-random.gguf"


def byte_letters() -> list[str]:
    """Return the letter by which byte-level tokenizers write each byte, in order of the bytes."""
    shown = [*range(33, 127), *range(161, 173), *range(174, 256)]
    hidden = [byte for byte in range(256) if byte not in shown]
    letters = {byte: chr(byte) for byte in shown}
    letters |= {byte: chr(256 + place) for place, byte in enumerate(hidden)}
    return [letters[byte] for byte in range(256)]


VOCABULARY = [*SPECIAL, *byte_letters(), "th"]
MERGES = ["t h"]
"""One, because llama.cpp reads no tokenizer without."""


def write_for_transformers(folder: Path) -> None:
    """Write a model as ``from_pretrained`` reads it."""
    torch = importlib.import_module("torch")
    transformers = importlib.import_module("transformers")
    torch.manual_seed(SEED)
    config = transformers.LlamaConfig(
        vocab_size=len(VOCABULARY),
        hidden_size=WIDTH,
        intermediate_size=INNER,
        num_hidden_layers=LAYERS,
        num_attention_heads=HEADS,
        max_position_embeddings=CONTEXT,
        initializer_range=0.5,
        bos_token_id=0,
        eos_token_id=1,
        pad_token_id=1,
    )
    transformers.LlamaForCausalLM(config).save_pretrained(folder)
    _tokenizer(transformers).save_pretrained(folder)


def _tokenizer(transformers: Any) -> Any:
    tokenizers = importlib.import_module("tokenizers")
    found = tokenizers.Tokenizer(
        tokenizers.models.BPE(
            vocab={text: number for number, text in enumerate(VOCABULARY)},
            merges=[tuple(pair.split(" ")) for pair in MERGES],
        )
    )
    found.pre_tokenizer = tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False)
    found.decoder = tokenizers.decoders.ByteLevel()
    return transformers.PreTrainedTokenizerFast(
        tokenizer_object=found,
        bos_token=SPECIAL[0],
        eos_token=SPECIAL[1],
        pad_token=SPECIAL[1],
        chat_template=TEMPLATE,
        clean_up_tokenization_spaces=False,
    )


def write_for_llama_cpp(path: Path) -> None:
    """Write a model as llama.cpp reads it."""
    gguf = importlib.import_module("gguf")
    numpy = importlib.import_module("numpy")
    drawn = numpy.random.default_rng(SEED)
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_name(FOLDER)
    writer.add_context_length(CONTEXT)
    writer.add_embedding_length(WIDTH)
    writer.add_block_count(LAYERS)
    writer.add_feed_forward_length(INNER)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(HEADS)
    writer.add_layer_norm_rms_eps(1e-6)
    writer.add_rope_dimension_count(WIDTH // HEADS)
    writer.add_vocab_size(len(VOCABULARY))
    writer.add_file_type(gguf.LlamaFileType.ALL_F32)
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("gpt-2")
    writer.add_token_list(VOCABULARY)
    special, normal = gguf.TokenType.CONTROL, gguf.TokenType.NORMAL
    writer.add_token_types([special if text in SPECIAL else normal for text in VOCABULARY])
    writer.add_token_merges(MERGES)
    writer.add_bos_token_id(0)
    writer.add_eos_token_id(1)
    writer.add_chat_template(TEMPLATE)
    for name, shape in _tensors():
        ones = name.endswith("norm.weight")
        values = numpy.ones(shape) if ones else drawn.normal(0.0, 0.5, shape)
        writer.add_tensor(name, values.astype(numpy.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def _tensors() -> list[tuple[str, tuple[int, ...]]]:
    found: list[tuple[str, tuple[int, ...]]] = [
        ("token_embd.weight", (len(VOCABULARY), WIDTH)),
        ("output_norm.weight", (WIDTH,)),
        ("output.weight", (len(VOCABULARY), WIDTH)),
    ]
    for layer in range(LAYERS):
        block = f"blk.{layer}"
        found += [
            (f"{block}.attn_norm.weight", (WIDTH,)),
            *((f"{block}.attn_{part}.weight", (WIDTH, WIDTH)) for part in "qkv"),
            (f"{block}.attn_output.weight", (WIDTH, WIDTH)),
            (f"{block}.ffn_norm.weight", (WIDTH,)),
            (f"{block}.ffn_gate.weight", (INNER, WIDTH)),
            (f"{block}.ffn_up.weight", (INNER, WIDTH)),
            (f"{block}.ffn_down.weight", (WIDTH, INNER)),
        ]
    return found


def main(arguments: list[str]) -> None:
    """Write what is named into a folder: ``transformers``, ``llama.cpp``."""
    folder = Path(arguments[0])
    folder.mkdir(parents=True, exist_ok=True)
    if "transformers" in arguments[1:]:
        write_for_transformers(folder / FOLDER)
    if "llama.cpp" in arguments[1:]:
        write_for_llama_cpp(folder / FILE)


if __name__ == "__main__":
    main(sys.argv[1:])
