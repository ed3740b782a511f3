"""The residual stream is recorded after every layer, and nothing is left behind."""

import pytest
import torch
from torch import nn

from logit_lens import LensError
from logit_lens.reading.residual import ResidualStream


class Layer(nn.Module):
    """Adds one; returns a tensor or a tuple, as transformers' families do."""

    def __init__(self, as_tuple: bool) -> None:
        super().__init__()
        self.as_tuple = as_tuple

    def forward(self, hidden_states):
        out = hidden_states + 1
        return (out, None) if self.as_tuple else out


class Decoder(nn.Module):
    def __init__(self, as_tuple: bool = False, in_place: bool = False, by_name: bool = False):
        super().__init__()
        self.layers = nn.ModuleList(Layer(as_tuple) for _ in range(4))
        self.in_place, self.by_name = in_place, by_name

    def forward(self, h):
        for layer in self.layers:
            out = layer(hidden_states=h) if self.by_name else layer(h)
            h = out[0] if isinstance(out, tuple) else out
            if self.in_place:
                h += 100
        return h


def hooks(model):
    return sum(len(m._forward_hooks) + len(m._forward_pre_hooks) for m in model.modules())


@pytest.mark.parametrize("as_tuple", [False, True])
@pytest.mark.parametrize("by_name", [False, True])
def test_layer_0_is_what_enters_and_layer_l_what_leaves_decoder_layer_l(as_tuple, by_name):
    model = Decoder(as_tuple, by_name=by_name)
    with ResidualStream(model.layers) as stream:
        model(torch.zeros(1, 3, 2))
    assert stream.numbers == [0, 1, 2, 3, 4]
    for number, state in zip(stream.numbers, stream.states(3), strict=True):
        assert state.shape == (3, 2)
        assert (state == number).all()


def test_recording_does_not_change_the_forward():
    model = Decoder(as_tuple=True)
    with ResidualStream(model.layers):
        assert (model(torch.zeros(1, 3, 2)) == 4).all()


def test_states_are_right_after_the_layer_though_something_is_added_in_place_later():
    model = Decoder(in_place=True)
    with ResidualStream(model.layers) as stream:
        model(torch.zeros(1, 3, 2))
    assert [float(state[0, 0]) for state in stream.states(3)] == [0, 1, 102, 203, 304]


def test_no_hook_stays_behind_even_when_the_forward_raises():
    model = Decoder()
    model.layers[0].register_forward_hook(lambda *_: None)  # somebody else's
    before = hooks(model)
    with pytest.raises(RuntimeError), ResidualStream(model.layers):
        assert hooks(model) > before
        raise RuntimeError("out of memory")
    assert hooks(model) == before


def test_only_the_layers_asked_for_are_kept():
    model = Decoder()
    with ResidualStream(model.layers, keep=[2, 4]) as stream:
        model(torch.zeros(1, 3, 2))
    assert stream.numbers == [2, 4]
    assert [float(state[0, 0]) for state in stream.states(3)] == [2, 4]


def test_further_axes_of_several_streams_stay():
    stream = ResidualStream(Decoder().layers)
    for shape, kept in [((4, 1, 7, 2), (4, 7, 2)), ((1, 7, 4, 2), (7, 4, 2))]:
        stream._store(0, torch.zeros(shape))
        assert stream.states(7)[0].shape == kept
    with pytest.raises(LensError, match="no axis"):
        stream.states(8)
