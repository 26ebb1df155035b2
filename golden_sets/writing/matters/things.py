"""What the shop sells, as far as customers mention it: every name takes "a" and a plural "s"."""

from __future__ import annotations

HOUSE = (
    *("kettle", "coffee machine", "floor lamp", "bookcase", "cordless drill", "garden chair"),
    *("hedge trimmer", "desk lamp", "pressure cooker", "wall clock", "step ladder", "toaster"),
    *("stand mixer", "mattress topper", "bicycle rack", "bird feeder", "wheelbarrow", "tool box"),
    *("parasol", "fan heater", "spice rack", "mirror", "rain barrel", "shoe cabinet", "blanket"),
    *("teapot", "sewing machine", "paddling pool", "picnic basket", "standing desk", "rug"),
)
FURNISHINGS = (
    *("rug", "mirror", "shoe cabinet", "garden chair", "bookcase", "floor lamp", "blanket"),
    *("wall clock", "curtain rail", "standing desk", "coat rack", "bedside table"),
)
DEVICES = (
    *("coffee machine", "stand mixer", "fan heater", "toaster", "robot vacuum", "kettle"),
    *("sewing machine", "hedge trimmer", "pressure cooker", "bread maker", "cordless drill"),
)
WITH_BATTERY = (
    *("cordless drill", "hedge trimmer", "robot vacuum", "bicycle light", "camping lamp"),
    *("leaf blower", "hand vacuum", "power station"),
)
LAMPS = ("hall lamp", "desk lamp", "floor lamp", "bedside lamp", "garden light")
