"""What segments and measurements are called in coded form.

SNOMED CT (SCT) and IBSI where they have a code; what this software defines stands under 99NETLM.
"""

from __future__ import annotations

from pydicom.sr.codedict import codes
from pydicom.sr.coding import Code

from netlm_imaging.anatomy import SEGMENT_NAMES
from netlm_imaging.export.dicom.source import OWN_SCHEME

STRUCTURE = codes.SCT.AnatomicalStructure
ABNORMAL = codes.SCT.MorphologicallyAbnormalStructure
REGION = codes.SCT.SpatialAndRelationalConcept
LIVER = codes.SCT.Liver
METASTASIS = Code("14799000", "SCT", "Neoplasm, Secondary")
COUINAUD = tuple(getattr(codes.SCT, f"CouinaudHepaticSegment{name}") for name in SEGMENT_NAMES)
"""I to VIII (CID 7170)."""
VESSELS = codes.SCT.BloodVessel
PORTAL_VEIN = codes.SCT.PortalVein
SPLEEN = codes.SCT.Spleen
GALLBLADDER = codes.SCT.Gallbladder
BILE_DUCTS = codes.SCT.BileDuct
CYSTS = codes.SCT.Cyst
TREATED = Code("treated-liver", OWN_SCHEME, "Liver that the plan resects or ablates")
REMNANT = Code("future-liver-remnant", OWN_SCHEME, "Future liver remnant")

VOLUME = codes.SCT.Volume
LONGEST_DIAMETER = codes.IBSI.Maximum3DDiameterOfAMesh
SUV = codes.DCM.Suvbw
MAXIMUM = codes.SCT.Maximum
TUMOR_VOLUME = Code("tumor-volume", OWN_SCHEME, "Tumor volume of the liver")
FUNCTIONAL_VOLUME = Code("functional-volume", OWN_SCHEME, "Functional liver volume, without tumor and cysts")
REMNANT_SHARE = Code("flr-percent", OWN_SCHEME, "Future liver remnant of the functional liver")
DEBULKING = Code("debulking-percent", OWN_SCHEME, "Debulking by lesion")

ML = Code("mL", "UCUM", "milliliter")
MM = codes.UCUM.Millimeter
PERCENT = codes.UCUM.Percent
G_PER_ML = codes.UCUM.StandardizedUptakeValueBodyWeight

REPORT = codes.DCM.ImagingMeasurementReport
PROCEDURE = codes.SCT.ImagingProcedure
DEVICE = codes.DCM.Device
ALGORITHMS = codes.cid7162.MorphologicalOperations
