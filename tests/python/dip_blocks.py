"""The fields of every custom block of DIP 2.1.0 that the warehouse meets, each with a value."""

from __future__ import annotations

import copy
from typing import Any

_FIELDS = {
    "B001": "GSPGroupEffectiveFromDate",
    "B002": "incomingSupplierDIPID incomingSupplierMPID supplierEffectiveFromDate",
    "B003": "outgoingSupplierDIPID outgoingSupplierMPID supplierEffectiveToDate",
    "B004": "domesticPremiseIndicator domesticPremiseIndicatorEffectiveFromDate",
    "B005": "currentMeteringServiceDIPID currentMeteringServiceMPID currentDataServiceDIPID "
    "currentDataServiceMPID",
    "B006": "customerDirectContractMeteringService customerDirectContractMeteringServiceDIPID "
    "customerDirectContractDataService customerDirectContractDataServiceDIPID",
    "B008": "deAppointedMeteringServiceDIPID deAppointedMeteringServiceMPID "
    "meteringServiceEffectiveFromDate meteringServiceEffectiveToDate deAppointmentReasonCode",
    "B009": "deAppointedDataServiceDIPID deAppointedDataServiceMPID dataServiceEffectiveFromDate "
    "dataServiceEffectiveToDate deAppointmentReasonCode",
    "B010": "incomingMeteringServiceDIPID incomingMeteringServiceMPID "
    "incomingMeteringServiceEffectiveFromDate",
    "B011": "incomingDataServiceDIPID incomingDataServiceMPID incomingDataServiceEffectiveFromDate",
    "B012": "serviceProviderAppointmentRequestingSupplierDIPID "
    "serviceProviderAppointmentRequestingSupplierMPID",
    "B013": "CSSRegistrationID",
    "B014": "incomingMeteringServiceDIPID incomingMeteringServiceEffectiveFromDate "
    "incomingMeteringServiceMPID contractReferenceMeteringService appointmentScenario",
    "B015": "incomingDataServiceMPID incomingDataServiceDIPID incomingDataServiceEffectiveFromDate "
    "contractReferenceDataService appointmentScenario traditionalFallBackReadFrequency",
    "B016": "incomingMeteringServiceDIPID incomingMeteringServiceMPID "
    "incomingMeteringServiceEffectiveFromDate",
    "B017": "incomingDataServiceDIPID incomingDataServiceMPID incomingDataServiceEffectiveFromDate",
    "B019": "assignedMDRDIPID assignedMDRMPID assignedMDREffectiveFromDate",
    "B022": "meteringPointPostcode addressLine1 addressLine9 UPRN addressEffectiveFromDate",
    "B023": "connectionTypeIndicator connectionTypeEffectiveFromDate energyDirection "
    "meteredIndicator",
    "B024": "DUOSTariffID DUOSTariffIDEffectiveFromDate",
    "B025": "energisationStatus energisationStatusEffectiveFromDate",
    "B026": "marketSegmentIndicator marketSegmentIndicatorEffectiveFromDate",
    "B027": "annualConsumption annualConsumptionEffectiveFromDate "
    "annualConsumptionQualityIndicator",
    "B028": "domesticPremiseIndicator domesticPremiseIndicatorEffectiveFromDate",
    "B029": "DCCServiceFlag DCCEffectiveFromDate",
    "B030": "IHDInstallStatus IHDStatusEffectiveFromDate",
    "B031": "SMSO SMSOStatusEffectiveFromDate",
    "B032": "profileClass profileClassEffectiveFromDate SSC SSCEffectiveFromDate",
    "B041": "disconnectionEffectiveFromDate additionalInformation",
    "B042": "CSSMPANDeRegistrationDate",
    "B068": "consentGranularity consentGranularityEffectiveFromDate",
    "B094": "MHHSRegimeEndDate",
    "B095": "ReverseMigrationIncomingMOPMPID ReverseMigrationIncomingMOPEffectiveFromDate",
    "B096": "ReverseMigrationIncomingDCMPID ReverseMigrationIncomingDCEffectiveFromDate",
    "B098": "reconnectionEffectiveFromDate",
}
# A name beside each field of which that field's name is a part.
_NEIGHBOURS = ("other{}", "{}QualityIndicator", "{}Previous")


def filled(message: dict[str, Any]) -> dict[str, Any]:
    """The message with every field of every block, and with neighbours of like names.

    What it already has, it keeps; a block that it lacks has values that it must not be read by.
    """
    message = copy.deepcopy(message)
    payload = message["payload"]
    custom = payload["CustomBlock"]
    for block, names in _FIELDS.items():
        fields = custom.setdefault(block, {})
        for name in names.split():
            fields.setdefault(name, _value(name))
            for neighbour in _NEIGHBOURS:
                fields.setdefault(neighbour.format(name), "odd")
    custom["B035List"] = [{"associatedImportExportMPAN": "1", "marketSegmentIndicator": "Z"}]
    custom["B037List"] = [{"primaryMPAN": "1", "secondaryMPAN": "2"}]
    for name, block in payload["CommonBlock"].items():
        for field in list(block):
            block |= {pattern.format(field): "odd" for pattern in _NEIGHBOURS}
        block[f"{name}Note"] = None
    return message


def _value(name: str) -> Any:
    if name.endswith("Date"):
        return "1999-12-31T00:00:00+00:00"
    return "ODDS" if name.endswith("MPID") else "odd"
