// Written by `python tests/explorer/contract.py`: what Python sends, of the panels' types.
import type { ClassCard } from "../src/model";
import type { Part as AdversariesPart } from "../src/panels/adversaries";
import type { Part as ArchetypesPart } from "../src/panels/archetypes";
import type { Part as ColorsPart } from "../src/panels/colors";
import type { Part as ComparisonPart } from "../src/panels/comparison";
import type { Part as HeaderPart } from "../src/panels/header";
import type { Part as OverlapPart } from "../src/panels/overlap";
import type { State as ClassPickerState } from "../src/panels/class_picker";
import type { State as OverviewState } from "../src/panels/overview";

export const class_picker_state: Pick<ClassPickerState, "accuracy_label" | "classes" | "meanings"> = {
  "accuracy_label": "validation",
  "classes": [
    {
      "index": 0,
      "name": "c0",
      "images": 12,
      "accuracy": 0.833333,
      "archetypes": [
        0.75,
        0.25,
        0.0,
        0.0
      ]
    },
    {
      "index": 1,
      "name": "c1",
      "images": 8,
      "accuracy": 0.5,
      "archetypes": [
        0.75,
        0.25,
        0.0,
        0.0
      ]
    },
    {
      "index": 2,
      "name": "c2",
      "images": 5,
      "accuracy": 0.333333,
      "archetypes": [
        0.0,
        0.8,
        0.2,
        0.0
      ]
    }
  ],
  "meanings": [
    "4 or 5 of its 5 nearest neighbors are of this class",
    "2 or 3 of its 5 nearest neighbors are of this class",
    "1 of its 5 nearest neighbors is of this class",
    "none of its 5 nearest neighbors is of this class"
  ]
};

export const header: HeaderPart = {
  "header": {
    "images": 8,
    "imbalance": 1.5,
    "trainingAccuracy": 0.75,
    "trainingErrors": 2,
    "validationImages": 4,
    "validationAccuracy": 0.5
  }
};

export const comparison: ComparisonPart = {
  "comparison": {
    "accuracies": [
      {
        "split": "training",
        "images": 8,
        "before": 0.75,
        "after": 0.5
      },
      {
        "split": "validation",
        "images": 4,
        "before": 0.5,
        "after": 0.25
      }
    ],
    "errors": {
      "split": "validation",
      "note": "Of its 4 validation images, 0 misclassified before alone, 1 after alone, 2 both times.",
      "largest": 4,
      "first": 0,
      "classes": 3,
      "rows": [
        {
          "index": 0,
          "name": "c0",
          "lost": [
            1,
            4
          ],
          "gained": [
            1,
            4
          ]
        },
        {
          "index": 1,
          "name": "c1",
          "lost": [
            2,
            3
          ],
          "gained": [
            1,
            3
          ]
        },
        {
          "index": 2,
          "name": "c2",
          "lost": [
            2,
            3
          ],
          "gained": [
            3,
            3
          ]
        }
      ]
    },
    "flow": {
      "counts": [
        [
          2,
          4,
          0,
          0
        ],
        [
          0,
          1,
          1,
          0
        ],
        [
          0,
          0,
          0,
          0
        ],
        [
          0,
          0,
          0,
          0
        ]
      ],
      "shares": [
        [
          0.333333,
          0.666667,
          0.0,
          0.0
        ],
        [
          0.0,
          0.5,
          0.5,
          0.0
        ],
        [
          0.0,
          0.0,
          0.0,
          0.0
        ],
        [
          0.0,
          0.0,
          0.0,
          0.0
        ]
      ],
      "note": "3 training images kept the archetype, 0 came nearer to safe, 5 went further."
    },
    "shared": {
      "topK": [
        3,
        8
      ],
      "sharing": 2,
      "rows": [
        {
          "index": 0,
          "name": "c0",
          "shared": [
            0,
            8
          ]
        },
        {
          "index": 2,
          "name": "c2",
          "shared": [
            1,
            8
          ]
        }
      ]
    }
  }
};

export const archetypes: ArchetypesPart = {
  "archetypes": [
    {
      "name": "safe",
      "meaning": "4 or 5 of its 5 nearest neighbors are of this class",
      "images": 6,
      "share": 0.75,
      "truePositiveRate": 0.666667,
      "validationImages": 3,
      "validationErrorRate": 0.333333,
      "prototypes": 3,
      "thumbnails": [
        {
          "tile": 0,
          "image": 0,
          "label": "c1",
          "prediction": "c1",
          "correct": true
        },
        {
          "tile": 1,
          "image": 17,
          "label": "c1",
          "prediction": "c1",
          "correct": true
        },
        {
          "tile": 2,
          "image": 15,
          "label": "c1",
          "prediction": "c1",
          "correct": true
        },
        {
          "tile": 3,
          "image": 20,
          "label": "c1",
          "prediction": "c2",
          "correct": false
        }
      ]
    },
    {
      "name": "border",
      "meaning": "2 or 3 of its 5 nearest neighbors are of this class",
      "images": 2,
      "share": 0.25,
      "truePositiveRate": 1.0,
      "validationImages": 0,
      "validationErrorRate": null,
      "prototypes": 2,
      "thumbnails": [
        {
          "tile": 4,
          "image": 8,
          "label": "c1",
          "prediction": "c1",
          "correct": true
        },
        {
          "tile": 5,
          "image": 16,
          "label": "c1",
          "prediction": "c1",
          "correct": true
        }
      ]
    },
    {
      "name": "rare",
      "meaning": "1 of its 5 nearest neighbors is of this class",
      "images": 0,
      "share": 0.0,
      "truePositiveRate": null,
      "validationImages": 1,
      "validationErrorRate": 1.0,
      "prototypes": 0,
      "thumbnails": []
    },
    {
      "name": "outlier",
      "meaning": "none of its 5 nearest neighbors is of this class",
      "images": 0,
      "share": 0.0,
      "truePositiveRate": null,
      "validationImages": 0,
      "validationErrorRate": null,
      "prototypes": 0,
      "thumbnails": []
    }
  ],
  "sprite": {
    "width": 6,
    "height": 4,
    "columns": 6,
    "type": "image/png"
  },
  "sprite_data": new DataView(new ArrayBuffer(0))
};

export const adversaries: AdversariesPart = {
  "adversaries": {
    "title": "Adversaries of c1",
    "note": "Training: 1 vote by neighbors of 2 errors. Only 2 training errors: too few to tell a pattern. Validation: 2 errors. Only 2 validation errors: too few to tell a pattern.",
    "text": "Adversaries: c2 100% of training votes, 100% of validation errors; c0 0% of training votes, 0% of validation errors.",
    "classes": [
      2,
      0
    ],
    "shares": [
      [
        1.0,
        0.0
      ],
      [
        1.0,
        0.0
      ]
    ],
    "colors": [
      "#0072B2",
      "#E69F00"
    ],
    "ticks": [
      0.0,
      0.2,
      0.4,
      0.6,
      0.8,
      1.0
    ]
  }
};

export const colors: ColorsPart = {
  "colors": {
    "title": "Salient colors of c1",
    "note": "8 training images, the 10% most salient pixels of each. \u25c6 average of all classes, each class counting the same.",
    "text": "Share of salient pixels: black 12%, gray 14%, white 12%, red 4%, orange 11%, yellow 4%, green 4%, blue 7%, purple 14%, pink 11%, brown 7%.",
    "shares": [
      0.125,
      0.142857,
      0.125,
      0.035714,
      0.107143,
      0.035714,
      0.035714,
      0.071429,
      0.142857,
      0.107143,
      0.071429
    ],
    "ticks": [
      0.0,
      0.05,
      0.1,
      0.15
    ]
  }
};

export const overlap: OverlapPart = {
  "overlap": {
    "features": [
      {
        "feature": 1,
        "share": 0.506859,
        "classes": 0
      },
      {
        "feature": 4,
        "share": 0.247894,
        "classes": 0
      },
      {
        "feature": 2,
        "share": 0.245246,
        "classes": 1
      }
    ],
    "rows": [
      {
        "index": 2,
        "name": "c2",
        "shared": [
          2
        ],
        "jaccard": 0.2,
        "shareHere": 0.245246,
        "shareThere": 0.480499
      }
    ],
    "sharing": 1,
    "topK": 3
  }
};

export const overview_state: Pick<OverviewState, "overview"> = {
  "overview": {
    "order": [
      0,
      1,
      2
    ],
    "labelWidth": 3,
    "charts": [
      {
        "title": "Training: whose images stand near its misclassified ones",
        "axis": "share of votes",
        "note": "* fewer than 5 errors: read with care.",
        "labels": [
          "c0*",
          "c1*",
          "c2*"
        ],
        "words": [
          "c0: c2 100%",
          "c1: c2 100%",
          "c2: c1 86%"
        ],
        "faint": [
          true,
          true,
          true
        ]
      },
      {
        "title": "Validation: what its images are mistaken for (rows)",
        "axis": "share of errors",
        "note": "* fewer than 5 errors: read with care.",
        "labels": [
          "c0*",
          "c1*",
          "c2*"
        ],
        "words": [
          "c0: c2 100%",
          "c1: c2 100%",
          "c2: c0 50%"
        ],
        "faint": [
          true,
          true,
          true
        ]
      }
    ],
    "pages": [
      {
        "first": 0,
        "segments": [
          "c2",
          "c1",
          "c0"
        ],
        "colors": [
          "#332288",
          "#88CCEE",
          "#117733"
        ],
        "shares": [
          [
            [
              1.0,
              0.0,
              0.0
            ],
            [
              1.0,
              0.0,
              0.0
            ],
            [
              0.0,
              0.8571,
              0.1429
            ]
          ],
          [
            [
              1.0,
              0.0,
              0.0
            ],
            [
              1.0,
              0.0,
              0.0
            ],
            [
              0.0,
              0.5,
              0.5
            ]
          ]
        ]
      }
    ]
  }
};

export const identity: ClassCard = {
  "index": 1,
  "name": "c1",
  "notice": ""
};